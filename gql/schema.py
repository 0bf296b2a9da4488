# mypy: allow-subclassing-any
"""The schema: every noun's queries, put together."""

from __future__ import annotations

import graphene
from graphql import GraphQLSchema

from gql.decisions import DecisionQueries
from gql.purposes import PurposeQueries
from gql.runs import RunQueries
from gql.scores import ScoreQueries
from gql.subjects import SubjectQueries
from gql.what_if import WhatIfQueries


class Query(
    DecisionQueries,
    PurposeQueries,
    RunQueries,
    ScoreQueries,
    SubjectQueries,
    WhatIfQueries,
):
    """Everything that can be read. A request reads for one purpose; each read is audited."""


schema: GraphQLSchema = graphene.Schema(query=Query).graphql_schema
