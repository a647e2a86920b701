using Transactions.Contracts;
using Transactions.Model;

namespace Transactions.Client;

// What one Hello gave: who the coordinator is in its present life, and the key to sign with.
internal sealed class CoordinatorSession(CoordinatorLink link, ClientWelcome welcome)
{
    public CoordinatorLink Link => link;

    public CoordinatorId Coordinator => welcome.Coordinator;

    public ProtocolLimits Limits => welcome.Limits;

    public ClientWelcome Welcome => welcome;

    public ContextSigner Signer { get; } = new(welcome.Key);

    // Whether the directory took in what this Hello said of others.
    public bool WasLearned { get; set; }
}
