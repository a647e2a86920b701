using System.Diagnostics.CodeAnalysis;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Contracts;

/// <summary>What coordinators say to shards, between wire and model.</summary>
/// <remarks>Thread-safe: there is no state.</remarks>
public static class CoordinatorFrameMapping
{
    /// <summary>A frame as it is sent to a shard.</summary>
    public static V1.CoordinatorFrame ToWire(ShardId shard, CoordinatorFrame frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        V1.CoordinatorFrame wire = new() { Shard = shard.Value, Transaction = Check.ToWire(frame.Id) };
        switch (frame)
        {
            case CoordinatorFrame.Prepare prepare:
                wire.Prepare = ToWire(prepare.Generation, prepare.Floor, prepare.Wrote, prepare.Operations);
                break;
            case CoordinatorFrame.CommitOnePhase commit:
                wire.CommitOnePhase = ToWire(commit.Generation, commit.Floor, commit.Wrote, commit.Operations);
                break;
            case CoordinatorFrame.Ended ended:
                wire.Ended = OutcomeMapping.ToWire(ended.Outcome);
                break;
            case CoordinatorFrame.Pending:
                wire.Pending = new();
                break;
            case CoordinatorFrame.ResolveOnePhase:
                wire.ResolveOnePhase = new();
                break;
            default:
                throw new BrokenInvariantException($"every coordinator frame has a wire form, {frame.GetType().Name} too");
        }

        return wire;
    }

    /// <summary>Reads a frame and the shard it is for; false with a refusal that names the field at fault.</summary>
    public static bool TryRead(
        V1.CoordinatorFrame wire,
        out ShardId shard,
        [NotNullWhen(true)] out CoordinatorFrame? frame,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(wire);
        frame = null;
        if (!Check.Shard(wire.Shard, "frame.shard", out shard, out refusal)
            || !Check.TransactionId(wire.Transaction, "frame.transaction", out TransactionId id, out refusal))
        {
            return false;
        }

        switch (wire.BodyCase)
        {
            case V1.CoordinatorFrame.BodyOneofCase.Prepare:
                if (TryCheck(wire.Prepare, "frame.prepare", out refusal))
                {
                    V1.Prepare p = wire.Prepare;
                    frame = new CoordinatorFrame.Prepare(
                        id, new Generation(p.Generation), new Timestamp(p.Floor), p.Wrote, p.Operations);
                }

                break;

            case V1.CoordinatorFrame.BodyOneofCase.CommitOnePhase:
                if (TryCheck(wire.CommitOnePhase, "frame.commit_one_phase", out refusal))
                {
                    V1.Prepare p = wire.CommitOnePhase;
                    frame = new CoordinatorFrame.CommitOnePhase(
                        id, new Generation(p.Generation), new Timestamp(p.Floor), p.Wrote, p.Operations);
                }

                break;

            case V1.CoordinatorFrame.BodyOneofCase.Ended:
                if (OutcomeMapping.TryRead(wire.Ended, out Outcome outcome, out refusal, "frame.ended"))
                {
                    frame = new CoordinatorFrame.Ended(id, outcome);
                }

                break;

            case V1.CoordinatorFrame.BodyOneofCase.Pending:
                frame = new CoordinatorFrame.Pending(id);
                break;

            case V1.CoordinatorFrame.BodyOneofCase.ResolveOnePhase:
                frame = new CoordinatorFrame.ResolveOnePhase(id);
                break;

            case V1.CoordinatorFrame.BodyOneofCase.None:
            default:
                refusal = Refusal.Invalid("frame.body", "frame.body is no coordinator's frame of this protocol version.");
                break;
        }

        return frame is not null;
    }

    private static V1.Prepare ToWire(Generation generation, Timestamp floor, bool wrote, int operations) => new()
    {
        Generation = generation.Value,
        Floor = floor.Value,
        Wrote = wrote,
        Operations = operations,
    };

    private static bool TryCheck(V1.Prepare wire, string field, [NotNullWhen(false)] out Refusal? refusal) =>
        Check.Range(wire.Generation, 1, long.MaxValue, $"{field}.generation", out refusal)
        && Check.Timestamp(wire.Floor, $"{field}.floor", out _, out refusal)
        && Check.Range(wire.Operations, 1, Participation.MaxOperations, $"{field}.operations", out refusal);
}
