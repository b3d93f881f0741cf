"""The demo company: a seeded world whose systems hand over real-looking data, night by night.

`make_demo(company_folder, world_dir)` brings the world of a company folder one night on; `world_date(world_dir)` says
where it stands; `open_systems` starts those of its systems that answer over the network.
"""

from sales_warehouse.demo.world import WorldError, WorldState, advance, make_demo, open_systems, world_date

__all__ = ["WorldError", "WorldState", "advance", "make_demo", "open_systems", "world_date"]
