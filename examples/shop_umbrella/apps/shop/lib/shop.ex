defmodule Shop do
  @moduledoc """
  Answers what the shop's customers ask.
  """

  alias Shop.{Book, Lamp, Priced, Song, Stock}

  @goods %{
    "lamp" => %Lamp{watts: 7},
    "book" => %Book{pages: 240},
    "song" => %Song{seconds: 213}
  }

  @doc """
  Says what something costs and how many are left.

      iex> Shop.describe("lamp")
      {:ok, "a lamp costs 49 EUR, 12 left"}

  """
  def describe(name) do
    with {:ok, good} <- Map.fetch(@goods, name) do
      {:ok, "a #{name} costs #{Priced.price(good)} #{currency()}, #{left(Stock.count(name))}"}
    end
  end

  @doc "Sells one; `{:error, :sold_out}` when none is left, `:error` when there is no such thing."
  def buy(name) do
    with {:ok, _} <- Map.fetch(@goods, name), do: Stock.take(name)
  end

  defp currency, do: Application.fetch_env!(:shop, :currency)

  defp left(:unlimited), do: "as many as you like"
  defp left(count), do: "#{count} left"
end
