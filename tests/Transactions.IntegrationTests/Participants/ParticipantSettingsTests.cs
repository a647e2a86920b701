using System.Reflection;
using NodaTime;
using Transactions.Participant;
using Transactions.Participant.Server;
using Xunit;

namespace Transactions.IntegrationTests.Participants;

/// <summary>A participant's settings at their bounds and beyond, and that a fault names the setting and the remedy.</summary>
public sealed class ParticipantSettingsTests
{
    [Fact]
    public void FindFaults_Defaults_FindsNothing() => Assert.Empty(Valid().FindFaults());

    [Theory]
    [InlineData("http://payments.internal:7200", true)]
    [InlineData("https://payments.internal", true)]
    [InlineData("http://10.0.0.7:7200", true)]
    [InlineData("http://[::1]:7200", true)]
    [InlineData("", false)]
    [InlineData("payments.internal:7200", false)]
    [InlineData("/payments", false)]
    [InlineData("ftp://payments.internal", false)]
    [InlineData("http://0.0.0.0:7200", false)]
    [InlineData("http://[::]:7200", false)]
    [InlineData("http://[0:0:0:0:0:0:0:0]:7200", false)]
    [InlineData("http://0:7200", false)]
    [InlineData("http://user:secret@payments.internal", false)]
    [InlineData("http://*:7200", false)]
    public void FindFaults_Endpoint_AllowsOnlyWhatOthersCanDial(string endpoint, bool isAllowed)
    {
        ParticipantOptions options = Valid();
        options.Endpoint = endpoint;

        Check(options, isAllowed, "Participant:Endpoint");
    }

    public static TheoryData<string> ShardSettings =>
        [.. typeof(ShardOptions).GetProperties().Where(p => p.CanWrite).Select(p => p.Name)];

    // What can be tuned on a shard can be set on its participant, and the shard goes by it.
    [Theory]
    [MemberData(nameof(ShardSettings))]
    public void ToShardOptions_EachSetting_HasTheDefaultAndIsPassedOn(string name)
    {
        PropertyInfo setting = typeof(ParticipantOptions).GetProperty(name)!;
        PropertyInfo shards = typeof(ShardOptions).GetProperty(name)!;
        ParticipantOptions options = Valid();
        Assert.Equal(shards.GetValue(new ShardOptions()), shards.GetValue(options.ToShardOptions()));

        bool isTime = setting.PropertyType == typeof(TimeSpan);
        setting.SetValue(options, isTime ? TimeSpan.FromMilliseconds(1_234) : 1_234);

        Assert.Equal(isTime ? Duration.FromMilliseconds(1_234) : 1_234, shards.GetValue(options.ToShardOptions()));
    }

    [Fact]
    public void FindFaults_EndpointTooLong_NamesTheLimit()
    {
        ParticipantOptions options = Valid();
        options.Endpoint = "http://payments/" + new string('a', 484);
        Assert.Empty(options.FindFaults());
        options.Endpoint += "a";

        Check(options, isAllowed: false, "500");
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(0, false)]
    [InlineData(1_000_000, true)]
    [InlineData(1_000_001, false)]
    public void FindFaults_BoundsOfQueues_AllowTheirRangeOnly(int count, bool isAllowed)
    {
        ParticipantOptions options = Valid();
        options.MaxQueuedRequests = count;
        Check(options, isAllowed, "Participant:MaxQueuedRequests");

        options = Valid();
        options.MaxUnhandledFrames = count;
        Check(options, isAllowed, "Participant:MaxUnhandledFrames");

        options = Valid();
        options.MaxRequestsPerStream = count;
        Check(options, isAllowed, "Participant:MaxRequestsPerStream");
    }

    [Theory]
    [InlineData(100, true)]
    [InlineData(99, false)]
    [InlineData(60_000, true)]
    [InlineData(60_001, false)]
    public void FindFaults_HelloTimeout_AllowsItsRangeOnly(int milliseconds, bool isAllowed)
    {
        ParticipantOptions options = Valid();
        options.HelloTimeout = TimeSpan.FromMilliseconds(milliseconds);

        Check(options, isAllowed, "Participant:HelloTimeout");
    }

    [Theory]
    [InlineData(20_000, true)]
    [InlineData(19_999, false)]
    [InlineData(1_800_000, true)]
    [InlineData(1_800_001, false)]
    public void FindFaults_AnswerTimeout_AllowsItsRangeOnly(int milliseconds, bool isAllowed)
    {
        ParticipantOptions options = Valid();
        options.CommandTimeout = TimeSpan.FromSeconds(10);
        options.AnswerTimeout = TimeSpan.FromMilliseconds(milliseconds);

        Check(options, isAllowed, "Participant:AnswerTimeout");
    }

    [Fact]
    public void FindFaults_BytesOutOfRange_NamesThem()
    {
        ParticipantOptions options = Valid();
        options.MaxBatchBytes = 1_023;
        Check(options, isAllowed: false, "MaxBatchBytes");

        options = Valid();
        options.MaxValueBytes = 64 << 20;
        Check(options, isAllowed: false, "MaxReplyBytes");
        options.MaxReplyBytes = 65 << 20;
        Assert.Empty(options.FindFaults());
    }

    private static ParticipantOptions Valid() => new()
    {
        Shards = { { "payments", "Host=db" } },
        Coordinators = { new Uri("http://127.0.0.1:7100") },
    };

    private static void Check(ParticipantOptions options, bool isAllowed, string named)
    {
        if (isAllowed)
        {
            Assert.Empty(options.FindFaults());
        }
        else
        {
            Assert.Contains(named, Assert.Single(options.FindFaults()), StringComparison.Ordinal);
        }
    }
}
