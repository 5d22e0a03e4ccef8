defmodule Shop.Lamp do
  @moduledoc false
  defstruct [:watts]

  defimpl Shop.Priced do
    def price(%{watts: watts}), do: watts * 7
  end
end

defmodule Shop.Book do
  @moduledoc false
  defstruct [:pages]

  defimpl Shop.Priced do
    def price(%{pages: pages}), do: div(pages, 20)
  end
end

defmodule Shop.Song do
  @moduledoc false
  defstruct [:seconds]

  defimpl Shop.Priced do
    def price(_), do: 1
  end
end
