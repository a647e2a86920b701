using System.Diagnostics.CodeAnalysis;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Contracts;

/// <summary>What shards say to coordinators, between wire and model. Own and disown are <see cref="OwnershipMapping"/>'s.</summary>
/// <remarks>Thread-safe: there is no state.</remarks>
public static class ShardFrameMapping
{
    /// <summary>A frame as it is sent.</summary>
    public static V1.ParticipantFrame ToWire(ShardFrame frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        V1.ParticipantFrame wire = new()
        {
            Shard = frame.Owner.Shard.Value,
            Generation = frame.Owner.Generation.Value,
            Transaction = Check.ToWire(frame.Id),
        };
        switch (frame)
        {
            case ShardFrame.Enlist enlist:
                wire.Enlist = ContextMapping.ToWire(enlist.Context);
                break;
            case ShardFrame.Voted voted:
                wire.Voted = ToWire(voted.Vote);
                break;
            case ShardFrame.OnePhaseEnded ended:
                wire.OnePhaseEnded = OutcomeMapping.ToWire(ended.Outcome);
                break;
            case ShardFrame.Applied:
                wire.Applied = new();
                break;
            case ShardFrame.InDoubt inDoubt:
                wire.InDoubt = new() { Coordinator = inDoubt.Home.Name, Incarnation = inDoubt.Home.Incarnation.Value };
                break;
            case ShardFrame.Dropped dropped:
                wire.Dropped = OutcomeMapping.ToWire(dropped.Reason);
                break;
            case ShardFrame.Resolved resolved:
                wire.Resolved = ToWire(resolved.Resolution);
                break;
            default:
                throw new BrokenInvariantException($"every shard frame has a wire form, {frame.GetType().Name} too");
        }

        return wire;
    }

    /// <summary>Reads a frame; false with a refusal that names the field at fault, for own and disown too.</summary>
    public static bool TryRead(
        V1.ParticipantFrame wire, [NotNullWhen(true)] out ShardFrame? frame, [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(wire);
        frame = null;
        if (!Check.Owner(wire.Shard, wire.Generation, "frame", out ShardGeneration owner, out refusal)
            || !Check.TransactionId(wire.Transaction, "frame.transaction", out TransactionId id, out refusal))
        {
            return false;
        }

        switch (wire.BodyCase)
        {
            case V1.ParticipantFrame.BodyOneofCase.Enlist:
                return TryReadEnlist(wire.Enlist, id, owner, out frame, out refusal);

            case V1.ParticipantFrame.BodyOneofCase.Voted:
                if (TryRead(wire.Voted, out Vote vote, out refusal))
                {
                    frame = new ShardFrame.Voted(id, owner, vote);
                }

                break;

            case V1.ParticipantFrame.BodyOneofCase.OnePhaseEnded:
                if (OutcomeMapping.TryRead(wire.OnePhaseEnded, out Outcome outcome, out refusal, "frame.one_phase_ended"))
                {
                    frame = new ShardFrame.OnePhaseEnded(id, owner, outcome);
                }

                break;

            case V1.ParticipantFrame.BodyOneofCase.Applied:
                frame = new ShardFrame.Applied(id, owner);
                break;

            case V1.ParticipantFrame.BodyOneofCase.InDoubt:
                if (Check.Text(wire.InDoubt.Coordinator, CoordinatorId.MaxNameLength, "frame.in_doubt.coordinator", out refusal))
                {
                    CoordinatorId home = new(wire.InDoubt.Coordinator, new Incarnation(wire.InDoubt.Incarnation));
                    frame = new ShardFrame.InDoubt(id, owner, home);
                }

                break;

            case V1.ParticipantFrame.BodyOneofCase.Dropped:
                if (Check.Reason(wire.Dropped, "frame.dropped", out AbortReason reason, out refusal))
                {
                    frame = new ShardFrame.Dropped(id, owner, reason);
                }

                break;

            case V1.ParticipantFrame.BodyOneofCase.Resolved:
                if (TryRead(wire.Resolved, out ShardResolution resolution, out refusal))
                {
                    frame = new ShardFrame.Resolved(id, owner, resolution);
                }

                break;

            case V1.ParticipantFrame.BodyOneofCase.None:
            case V1.ParticipantFrame.BodyOneofCase.Own:
            case V1.ParticipantFrame.BodyOneofCase.Disown:
            default:
                refusal = Refusal.Invalid("frame.body", "frame.body is no shard's frame of this protocol version; send one of those.");
                break;
        }

        return frame is not null;
    }

    private static bool TryReadEnlist(
        V1.TransactionContext wire,
        TransactionId id,
        ShardGeneration owner,
        [NotNullWhen(true)] out ShardFrame? frame,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        frame = null;
        if (!ContextMapping.TryRead(wire, out TransactionContext? context, out refusal, "frame.enlist"))
        {
            return false;
        }

        if (context.Id != id)
        {
            refusal = Refusal.Invalid("frame.enlist.id", "frame.enlist.id is another transaction than frame.transaction; send the same.");
            return false;
        }

        frame = new ShardFrame.Enlist(id, owner, context);
        return true;
    }

    private static V1.Vote ToWire(Vote vote) => vote.IsYes
        ? new() { Yes = new() { PrepareTimestamp = vote.PrepareTimestamp.Value, ValidUntil = vote.ValidUntil.Value } }
        : new() { No = OutcomeMapping.ToWire(vote.Reason) };

    private static bool TryRead(V1.Vote wire, out Vote vote, [NotNullWhen(false)] out Refusal? refusal)
    {
        vote = default;
        switch (wire.VoteCase)
        {
            case V1.Vote.VoteOneofCase.Yes:
                return TryRead(wire.Yes, out vote, out refusal);

            case V1.Vote.VoteOneofCase.No:
                if (!Check.Reason(wire.No, "frame.voted.no", out AbortReason reason, out refusal))
                {
                    return false;
                }

                vote = Vote.No(reason);
                return true;

            case V1.Vote.VoteOneofCase.None:
            default:
                refusal = Check.Missing("frame.voted.vote");
                return false;
        }
    }

    private static bool TryRead(V1.YesVote wire, out Vote vote, [NotNullWhen(false)] out Refusal? refusal)
    {
        vote = default;
        const string Field = "frame.voted.yes";
        if (!Check.Timestamp(wire.PrepareTimestamp, $"{Field}.prepare_timestamp", out Timestamp prepare, out refusal)
            || !Check.Timestamp(wire.ValidUntil, $"{Field}.valid_until", out Timestamp validUntil, out refusal))
        {
            return false;
        }

        if (validUntil < prepare)
        {
            refusal = Refusal.Invalid($"{Field}.valid_until", $"{Field}.valid_until lies before {Field}.prepare_timestamp; send one that doesn't.");
            return false;
        }

        vote = Vote.Yes(prepare, validUntil);
        return true;
    }

    private static V1.ShardResolution ToWire(ShardResolution resolution) => resolution.Kind switch
    {
        ShardResolutionKind.Committed => new() { CommittedAt = resolution.CommitTimestamp.Value },
        ShardResolutionKind.NotCommitted => new() { Uncommitted = V1.UncommittedKind.NotCommitted },
        ShardResolutionKind.Voted => new() { Uncommitted = V1.UncommittedKind.Voted },
        ShardResolutionKind.Expired => new() { Uncommitted = V1.UncommittedKind.Expired },
        ShardResolutionKind.Unspecified => throw new BrokenInvariantException("a shard that resolves says what it knows"),
    };

    private static bool TryRead(V1.ShardResolution wire, out ShardResolution resolution, [NotNullWhen(false)] out Refusal? refusal)
    {
        resolution = default;
        const string Field = "frame.resolved";
        switch (wire.ResolutionCase)
        {
            case V1.ShardResolution.ResolutionOneofCase.CommittedAt:
                if (!Check.Timestamp(wire.CommittedAt, $"{Field}.committed_at", out Timestamp timestamp, out refusal))
                {
                    return false;
                }

                resolution = ShardResolution.Committed(timestamp);
                return true;

            case V1.ShardResolution.ResolutionOneofCase.Uncommitted
                when wire.Uncommitted is V1.UncommittedKind.NotCommitted or V1.UncommittedKind.Voted or V1.UncommittedKind.Expired:
                // The numbers are the model's.
                resolution = ShardResolution.Of((ShardResolutionKind)(int)wire.Uncommitted);
                refusal = null;
                return true;

            case V1.ShardResolution.ResolutionOneofCase.Uncommitted:
                refusal = Refusal.Invalid(
                    $"{Field}.uncommitted", $"{Field}.uncommitted is {(int)wire.Uncommitted}, which isn't of this protocol version; send one that is.");
                return false;

            case V1.ShardResolution.ResolutionOneofCase.None:
            default:
                refusal = Check.Missing($"{Field}.resolution");
                return false;
        }
    }
}
