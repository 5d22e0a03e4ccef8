defmodule ShopWeb.Pages do
  @moduledoc """
  What the server answers: the status, the kind of the content, and the content.
  """

  @static %{"/" => "index.html", "/shop.css" => "shop.css"}
  @types %{".html" => "text/html; charset=utf-8", ".css" => "text/css"}

  def respond(:GET, path) when is_map_key(@static, path) do
    name = Map.fetch!(@static, path)
    file = Application.app_dir(:shop_web, Path.join("priv/static", name))
    {"200 OK", Map.fetch!(@types, Path.extname(name)), File.read!(file)}
  end

  def respond(:GET, "/greeting"), do: text("200 OK", Application.fetch_env!(:shop_web, :greeting))

  def respond(:GET, "/price/" <> name) do
    case Shop.describe(name) do
      {:ok, answer} -> text("200 OK", answer)
      :error -> text("404 Not Found", "the shop has no #{name}")
    end
  end

  def respond(:POST, "/buy/" <> name) do
    case Shop.buy(name) do
      :ok -> text("200 OK", "sold")
      {:error, :sold_out} -> text("409 Conflict", "sold out")
      :error -> text("404 Not Found", "the shop has no #{name}")
    end
  end

  def respond(_method, _path), do: text("404 Not Found", "there is no such page")

  defp text(status, body), do: {status, "text/plain; charset=utf-8", body <> "\n"}
end
