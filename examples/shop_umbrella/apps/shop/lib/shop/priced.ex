defprotocol Shop.Priced do
  @doc "Returns the price in whole units of the shop's currency."
  def price(good)
end
