defprotocol Evolving.Shape do
  def name(shape)
end

defimpl Evolving.Shape, for: Integer do
  def name(_), do: "number"
end

defimpl Evolving.Shape, for: BitString do
  def name(_), do: "text"
end

defimpl Evolving.Shape, for: Atom do
  def name(_), do: "name"
end
