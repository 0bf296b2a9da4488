# mypy: allow-subclassing-any
"""The schema: every noun's queries, put together."""

from __future__ import annotations

import graphene
from graphql import GraphQLSchema

from gql.audits import AuditQueries
from gql.decisions import DecisionQueries
from gql.nodes import NodeQueries
from gql.policies import PolicyQueries
from gql.programmes import ProgrammeQueries
from gql.purposes import PurposeQueries
from gql.runs import RunQueries
from gql.scores import ScoreQueries
from gql.subject_lists import SubjectListQueries
from gql.subjects import SubjectQueries


class Query(
    AuditQueries,
    DecisionQueries,
    NodeQueries,
    PolicyQueries,
    ProgrammeQueries,
    PurposeQueries,
    RunQueries,
    ScoreQueries,
    SubjectListQueries,
    SubjectQueries,
):
    """Everything that can be read. A request reads for one purpose; each read is audited."""


schema: GraphQLSchema = graphene.Schema(query=Query).graphql_schema
