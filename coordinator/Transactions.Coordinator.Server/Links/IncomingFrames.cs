using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Transactions.Contracts;
using Transactions.Model;
using V1 = Transactions.Contracts.V1;

namespace Transactions.Coordinator.Server.Links;

// Reads what one participant says, message by message, into events. A message with any fault in it gives none.
internal sealed class IncomingFrames
{
    // The latest generation of every shard that the participant ever owned on this link. Frames may come late, so that a shard
    // that it left, or an earlier generation, still speaks; one that it never named doesn't.
    private readonly Dictionary<ShardId, Generation> _owned = [];
    private readonly LinkId _link;

    public IncomingFrames(LinkId link, ImmutableArray<ShardEndpoint> owned)
    {
        _link = link;
        foreach (ShardEndpoint shard in owned)
        {
            Note(shard.Owner);
        }
    }

    public bool TryRead(
        V1.ParticipantFrames message,
        [NotNullWhen(true)] out List<CoordinatorEvent>? events,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        events = null;
        refusal = CheckMessage(message);
        if (refusal is not null)
        {
            return false;
        }

        List<CoordinatorEvent> read = new(message.Frames.Count);
        for (int i = 0; i < message.Frames.Count; i++)
        {
            if (!TryRead(message.Frames[i], out CoordinatorEvent? e, out refusal))
            {
                refusal = Place(refusal, i);
                return false;
            }

            read.Add(e);
        }

        events = read;
        return true;
    }

    private static Refusal? CheckMessage(V1.ParticipantFrames message)
    {
        if (message.Hello is not null)
        {
            return Refusal.Invalid("hello", "hello is there again; send it in the first message only, and new shards as own frames.");
        }

        if (message.Frames.Count > WireLimits.MaxFramesPerMessage)
        {
            return Refusal.Invalid(
                "frames", $"frames has {message.Frames.Count} elements; send at most {WireLimits.MaxFramesPerMessage} in a message.");
        }

        int size = message.CalculateSize();
        return size <= WireLimits.MaxMessageBytes
            ? null
            : Refusal.Invalid("frames", $"frames make a message of {size} bytes; send at most {WireLimits.MaxMessageBytes} in one.");
    }

    private bool TryRead(
        V1.ParticipantFrame wire, [NotNullWhen(true)] out CoordinatorEvent? e, [NotNullWhen(false)] out Refusal? refusal)
    {
        e = null;
        switch (wire.BodyCase)
        {
            case V1.ParticipantFrame.BodyOneofCase.Own:
                if (OwnershipMapping.TryReadOwn(wire, out ShardEndpoint owned, out refusal) && TryNote(owned.Owner, out refusal))
                {
                    e = new CoordinatorEvent.ShardConnected(_link, owned.Owner, owned.Endpoint);
                }

                break;

            case V1.ParticipantFrame.BodyOneofCase.Disown:
                if (OwnershipMapping.TryReadDisown(wire, out ShardGeneration left, out refusal) && IsOwned(left, out refusal))
                {
                    e = new CoordinatorEvent.ShardLeft(_link, left);
                }

                break;

            default:
                if (ShardFrameMapping.TryRead(wire, out ShardFrame? frame, out refusal) && IsOwned(frame.Owner, out refusal))
                {
                    e = new CoordinatorEvent.FrameReceived(_link, frame);
                }

                break;
        }

        return e is not null;
    }

    private bool IsOwned(ShardGeneration speaker, [NotNullWhen(false)] out Refusal? refusal)
    {
        bool isKnown = _owned.TryGetValue(speaker.Shard, out Generation latest);
        refusal = isKnown && speaker.Generation <= latest ? null
            : isKnown ? Refusal.Invalid(
                "frame.generation", $"frame.generation is {speaker.Generation} and this stream owns {speaker.Shard} at {latest}; send own first.")
            : Refusal.Invalid("frame.shard", $"frame.shard is '{speaker.Shard}', which this stream doesn't own; send own first.");
        return refusal is null;
    }

    private bool TryNote(ShardGeneration owner, [NotNullWhen(false)] out Refusal? refusal)
    {
        refusal = _owned.Count < WireLimits.MaxOwners || _owned.ContainsKey(owner.Shard)
            ? null
            : Refusal.Limit("frame.shard", $"This stream has owned {_owned.Count} shards, which is the limit; connect anew.");
        if (refusal is null)
        {
            Note(owner);
        }

        return refusal is null;
    }

    private void Note(ShardGeneration owner)
    {
        if (!_owned.TryGetValue(owner.Shard, out Generation known) || known < owner.Generation)
        {
            _owned[owner.Shard] = owner.Generation;
        }
    }

    // The mapping speaks of "frame": which of the message's it was helps whoever wrote it.
    private static Refusal Place(Refusal refusal, int index) => refusal with
    {
        Field = refusal.Field?.Replace("frame.", $"frames[{index}].", StringComparison.Ordinal),
        Message = refusal.Message.Replace("frame.", $"frames[{index}].", StringComparison.Ordinal),
    };
}
