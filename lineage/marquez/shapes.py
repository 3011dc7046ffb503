"""The shapes of Marquez's answers: members are named as there (spec/openapi.yml of MarquezProject/marquez)."""

from typing import Any, TypedDict


class Id(TypedDict):
    """A dataset or job."""

    namespace: str
    name: str


class VersionId(Id):
    """A version of a dataset or job."""

    version: str


class DatasetVersionOfRun(TypedDict):
    """A version that a run read or wrote."""

    datasetVersionId: VersionId
    facets: dict[str, Any]


class RunAnswer(TypedDict):
    """A run."""

    id: str
    createdAt: str
    updatedAt: str
    nominalStartTime: str | None
    nominalEndTime: str | None
    state: str
    startedAt: str | None
    endedAt: str | None
    durationMs: int | None
    args: dict[str, str]
    jobVersion: VersionId
    inputDatasetVersions: list[DatasetVersionOfRun]
    outputDatasetVersions: list[DatasetVersionOfRun]
    facets: dict[str, Any]


class NamespaceAnswer(TypedDict):
    """A namespace."""

    name: str
    createdAt: str
    updatedAt: str
    ownerName: str
    description: str | None
    isHidden: bool


class FieldAnswer(TypedDict):
    """A column of a dataset."""

    name: str
    type: str | None
    tags: list[str]
    description: str | None


class DatasetData(TypedDict):
    """A dataset as a node of the graph has it."""

    id: Id
    type: str
    name: str
    physicalName: str
    createdAt: str
    updatedAt: str
    namespace: str
    sourceName: str
    fields: list[FieldAnswer]
    tags: list[str]
    lastModifiedAt: str | None
    lastLifecycleState: str | None
    description: str | None


class DatasetAnswer(DatasetData):
    """A dataset. `currentVersion`: that of the newest completed run that wrote it."""

    currentVersion: str
    columnLineage: list[dict[str, Any]] | None
    facets: dict[str, Any]
    deleted: bool


class DatasetVersionAnswer(TypedDict):
    """What a completed run wrote."""

    id: VersionId
    type: str
    name: str
    physicalName: str
    createdAt: str
    version: str
    namespace: str
    sourceName: str
    fields: list[FieldAnswer]
    tags: list[str]
    lifecycleState: str | None
    description: str | None
    currentSchemaVersion: str | None
    createdByRun: RunAnswer | None
    facets: dict[str, Any]


class JobData(TypedDict):
    """A job as a node of the graph has it."""

    id: Id
    type: str
    name: str
    simpleName: str
    parentJobName: str | None
    parentJobUuid: str | None
    createdAt: str
    updatedAt: str
    namespace: str
    inputs: list[Id]
    outputs: list[Id]
    location: str | None
    description: str | None
    latestRun: RunAnswer | None


class JobAnswer(JobData):
    """A job. Inputs and outputs are those of its newest version."""

    latestRuns: list[RunAnswer]
    facets: dict[str, Any]
    currentVersion: str | None
    labels: list[str]
    tags: list[str]


class JobVersionAnswer(TypedDict):
    """What runs of a job read and wrote."""

    id: VersionId
    name: str
    createdAt: str
    version: str
    namespace: str
    location: str | None
    inputs: list[Id]
    outputs: list[Id]
    latestRun: RunAnswer | None


class FacetsAnswer(TypedDict):
    """Facets of a run or of its job."""

    runId: str
    facets: dict[str, Any]


class TagAnswer(TypedDict):
    """A tag."""

    name: str
    description: str | None


class SourceAnswer(TypedDict):
    """A store that datasets lie in."""

    type: str
    name: str
    createdAt: str
    updatedAt: str
    connectionUrl: str
    description: str | None


class EdgeAnswer(TypedDict):
    """An edge between two nodes, by nodeId."""

    origin: str
    destination: str


class NodeAnswer(TypedDict):
    """A node: JOB, DATASET or DATASET_FIELD, with what is known of it."""

    id: str
    type: str
    data: dict[str, Any]
    inEdges: list[EdgeAnswer]
    outEdges: list[EdgeAnswer]


class GraphAnswer(TypedDict):
    """A graph; `truncated` and `reasons` are ours: whether there is more, and why."""

    graph: list[NodeAnswer]
    truncated: bool
    reasons: list[str]


class UpstreamRunAnswer(TypedDict):
    """A run and what it read."""

    job: VersionId
    run: dict[str, str | None]
    inputs: list[dict[str, str | None]]


class UpstreamAnswer(TypedDict):
    """Runs upstream of a run, nearest first; `truncated` and `reasons` are ours."""

    runs: list[UpstreamRunAnswer]
    truncated: bool
    reasons: list[str]


class SearchResultAnswer(TypedDict):
    """A dataset or job that was found."""

    type: str
    name: str
    updatedAt: str
    namespace: str
    nodeId: str


class RunStatAnswer(TypedDict):
    """How many runs began and ended in an interval."""

    startInterval: str
    endInterval: str
    fail: int
    start: int
    complete: int
    abort: int


class CountAnswer(TypedDict):
    """How many there were at the end of an interval."""

    startInterval: str
    endInterval: str
    count: int
