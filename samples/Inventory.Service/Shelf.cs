namespace Shop.Inventory;

/// <summary>How many of an item there are, and what one costs.</summary>
public sealed record Shelf(long Quantity, long PriceCents);
