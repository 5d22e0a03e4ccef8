defmodule ShopWeb.PagesTest do
  use ExUnit.Case

  test "a price is a page" do
    assert {"200 OK", _, "a song costs 1 " <> _} = ShopWeb.Pages.respond(:GET, "/price/song")
  end

  test "the front page comes from priv" do
    assert {"200 OK", "text/html" <> _, "<!doctype" <> _} = ShopWeb.Pages.respond(:GET, "/")
  end
end
