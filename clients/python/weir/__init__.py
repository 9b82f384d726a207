"""Weir's feature store from Python: training rows, online values, pushes.

    from weir import FeatureStore
    store = FeatureStore("http://127.0.0.1:8030", token="weir_...")
    store.get_online_features(["driver_stats:conv_rate"], [{"driver_id": 1001}]).to_dict()

Nothing but the standard library is needed; pandas and pyarrow are used where they are installed and asked for.
"""
from .errors import FeatureNotFound, WeirError
from .jobs import RetrievalJob
from .objects import Entity, FeatureService, FeatureView, FeatureViewProjection, Field
from .results import OnlineResponse
from .store import FeatureStore, PushMode

__all__ = ["Entity", "FeatureNotFound", "FeatureService", "FeatureStore", "FeatureView", "FeatureViewProjection", "Field", "OnlineResponse",
           "PushMode", "RetrievalJob", "WeirError"]
__version__ = "0.1.0"
