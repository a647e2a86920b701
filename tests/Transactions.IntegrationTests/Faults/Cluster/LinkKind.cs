namespace Transactions.IntegrationTests.Faults;

/// <summary>Between whom a proxy stands.</summary>
internal enum LinkKind
{
    ClientToCoordinator = 1,
    ClientToParticipant = 2,
    ParticipantToCoordinator = 3,
    ProcessToDatabase = 4,
}
