namespace Transactions.Model;

/// <summary>The kinds of refusal (section 7), each with the gRPC status code of its name as its number.</summary>
public enum RefusalStatus
{
    /// <summary>Not said.</summary>
    Unspecified = 0,

    /// <summary>The request itself is wrong: it will be refused always.</summary>
    InvalidArgument = 3,

    /// <summary>The caller may not do this.</summary>
    PermissionDenied = 7,

    /// <summary>A limit is reached.</summary>
    ResourceExhausted = 8,

    /// <summary>The request doesn't fit the present state; another one might.</summary>
    FailedPrecondition = 9,

    /// <summary>The transaction can't go on; running it again may succeed.</summary>
    Aborted = 10,

    /// <summary>A part that is needed can't be reached now; ask again.</summary>
    Unavailable = 14,

    /// <summary>The caller isn't who the request says.</summary>
    Unauthenticated = 16,
}
