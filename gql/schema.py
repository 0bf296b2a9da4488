# mypy: allow-subclassing-any
"""The schema: every noun's queries and mutations, put together."""

from __future__ import annotations

import graphene
from graphql import GraphQLSchema

from gql.audits import AuditQueries
from gql.cases import CaseQueries
from gql.decisions import DecisionQueries
from gql.disputes import DisputeQueries
from gql.job_progress import JobSubscriptions
from gql.jobs import JobQueries
from gql.mutations.cases import CaseMutations
from gql.mutations.disputes import DisputeMutations
from gql.mutations.events import EventMutations
from gql.mutations.jobs import JobMutations
from gql.mutations.links import LinkMutations
from gql.mutations.listings import ListingMutations
from gql.mutations.records import RecordMutations
from gql.mutations.reports import ReportMutations
from gql.mutations.runs import RunMutations
from gql.nodes import NodeQueries
from gql.policies import PolicyQueries
from gql.programmes import ProgrammeQueries
from gql.purposes import PurposeQueries
from gql.runs import RunQueries
from gql.scores import ScoreQueries
from gql.subject_lists import SubjectListQueries
from gql.subjects import SubjectQueries
from gql.subscriptions import ScoreSubscriptions
from gql.waiting_runs import WaitingRunQueries
from gql.what_if import WhatIfQueries


class Query(
    AuditQueries,
    CaseQueries,
    DecisionQueries,
    DisputeQueries,
    JobQueries,
    NodeQueries,
    PolicyQueries,
    ProgrammeQueries,
    PurposeQueries,
    RunQueries,
    WaitingRunQueries,
    ScoreQueries,
    SubjectListQueries,
    SubjectQueries,
    WhatIfQueries,
):
    """Everything that can be read. A request reads for one purpose; each read is audited."""


class Mutation(
    CaseMutations,
    DisputeMutations,
    EventMutations,
    JobMutations,
    RunMutations,
    LinkMutations,
    ListingMutations,
    RecordMutations,
    ReportMutations,
):
    """Everything that can be written. The fields of one request run in order, one after another.

    A request writes for one purpose; each change is audited. Nothing is ever changed in place: an
    end, a correction or a withdrawal is a record of its own.
    """


class Subscription(JobSubscriptions, ScoreSubscriptions):
    """What a client can be told of as it happens, over graphql-transport-ws."""


schema: GraphQLSchema = graphene.Schema(
    query=Query, mutation=Mutation, subscription=Subscription
).graphql_schema
