defmodule Pages do
  @moduledoc false
  use Application

  @impl true
  def start(_, _), do: Supervisor.start_link([Pages.Endpoint], strategy: :one_for_one)
end

defmodule Pages.Endpoint do
  @moduledoc false
  use Phoenix.Endpoint, otp_app: :pages
end
