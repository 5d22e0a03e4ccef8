defmodule ShopUmbrella.MixProject do
  use Mix.Project

  def project do
    [
      apps_path: "apps",
      version: "0.1.0",
      start_permanent: Mix.env() == :prod,
      deps: [],
      releases: [
        shop: [applications: [shop: :permanent, shop_web: :permanent]]
      ]
    ]
  end
end
