defmodule ShopWeb.Application do
  @moduledoc false
  use Application

  @impl true
  def start(_type, _args) do
    port = Application.fetch_env!(:shop_web, :port)

    children = [
      {Task.Supervisor, name: ShopWeb.Connections},
      {ShopWeb.Server, port}
    ]

    Supervisor.start_link(children, strategy: :rest_for_one, name: ShopWeb.Supervisor)
  end
end
