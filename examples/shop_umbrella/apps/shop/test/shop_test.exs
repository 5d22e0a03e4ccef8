defmodule ShopTest do
  use ExUnit.Case

  test "buying takes one away" do
    assert {:ok, before} = Shop.describe("book")
    assert :ok = Shop.buy("book")
    assert {:ok, now} = Shop.describe("book")
    assert before != now
  end

  test "nothing is known of what the shop does not sell" do
    assert :error = Shop.describe("boat")
  end
end
