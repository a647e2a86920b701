namespace Shop.Orders;

/// <summary>An order that was placed.</summary>
public sealed record Order(string Id, string Account, string Item, long Quantity, long TotalCents);
