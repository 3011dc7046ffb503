"""The kinds of places, by name."""

from collections.abc import Mapping

from lineage.inventory.pulls.models import Pull
from lineage.inventory.pulls.places.folder import FOLDER
from lineage.inventory.pulls.places.kubernetes import KUBERNETES
from lineage.inventory.pulls.places.netbox import NETBOX
from lineage.inventory.pulls.places.place import Place
from lineage.inventory.pulls.places.web import HTTPS

PLACES: Mapping[str, Place] = {place.name: place for place in (FOLDER, HTTPS, NETBOX, KUBERNETES)}
assert set(PLACES) <= set(Pull.Place.values)
