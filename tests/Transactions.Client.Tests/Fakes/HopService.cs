using Grpc.Core;

namespace Transactions.Client.Tests;

// A business service whose handlers are given by the test.
internal sealed class HopService : Hop.HopBase
{
    public Func<Note, ServerCallContext, Task<Note>> OnUnary { get; set; } = (note, _) => Task.FromResult(note);

    public Func<Note, IServerStreamWriter<Note>, ServerCallContext, Task> OnServerStream { get; set; } = (_, _, _) => Task.CompletedTask;

    public Func<IAsyncStreamReader<Note>, ServerCallContext, Task<Note>> OnClientStream { get; set; } = (_, _) => Task.FromResult(new Note());

    public Func<IAsyncStreamReader<Note>, IServerStreamWriter<Note>, ServerCallContext, Task> OnDuplex { get; set; } =
        (_, _, _) => Task.CompletedTask;

    public override Task<Note> Unary(Note request, ServerCallContext context) => OnUnary(request, context);

    public override Task ServerStream(Note request, IServerStreamWriter<Note> responseStream, ServerCallContext context) =>
        OnServerStream(request, responseStream, context);

    public override Task<Note> ClientStream(IAsyncStreamReader<Note> requestStream, ServerCallContext context) =>
        OnClientStream(requestStream, context);

    public override Task Duplex(
        IAsyncStreamReader<Note> requestStream, IServerStreamWriter<Note> responseStream, ServerCallContext context) =>
        OnDuplex(requestStream, responseStream, context);
}
