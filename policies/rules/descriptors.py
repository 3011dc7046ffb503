"""Protobuf messages for the checker (one per kind) and for reading its result (`cel.expr.CheckedExpr`).

Both live in private descriptor pools, built at run time: no generated modules, and no clash with another distribution
that installs a top-level package `cel`.

Field numbers of `cel.expr`: https://github.com/google/cel-spec, proto/cel/expr/checked.proto and syntax.proto.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2

from policies.rules.schema import Entity, FieldType, Schema

_F = descriptor_pb2.FieldDescriptorProto
PACKAGE = "auditline"
PARAMS_MESSAGE = f"{PACKAGE}.Params"

_SCALARS = {"bool": _F.TYPE_BOOL, "int": _F.TYPE_INT64, "double": _F.TYPE_DOUBLE, "string": _F.TYPE_STRING}


def entity_message(name: str) -> str:
    """Return the full message name of an entity (a kind, or `lineage`)."""
    return f"{PACKAGE}.entities.{name}"


def schema_pool(schema: Schema, params: Mapping[str, FieldType]) -> descriptor_pool.DescriptorPool:
    """Build a pool with a message per entity of the schema, and one for a check's parameters."""
    pool = descriptor_pool.DescriptorPool()
    _copy(timestamp_pb2.DESCRIPTOR, pool)
    file = descriptor_pb2.FileDescriptorProto(
        name="auditline/entities.proto",
        package=f"{PACKAGE}.entities",
        syntax="proto3",
        dependency=["google/protobuf/timestamp.proto"],
    )
    for entity in schema.entities.values():
        _add_entity(file, entity)
    pool.Add(file)
    own = descriptor_pb2.FileDescriptorProto(
        name="auditline/params.proto",
        package=PACKAGE,
        syntax="proto3",
        dependency=["google/protobuf/timestamp.proto"],
    )
    _add_fields(own, own.message_type.add(name="Params"), params)
    pool.Add(own)
    return pool


def _copy(descriptor: Any, pool: descriptor_pool.DescriptorPool) -> None:
    file = descriptor_pb2.FileDescriptorProto()
    descriptor.CopyToProto(file)
    pool.Add(file)


def _add_entity(file: descriptor_pb2.FileDescriptorProto, entity: Entity) -> None:
    _add_fields(file, file.message_type.add(name=entity.name), entity.fields)


def _add_fields(
    file: descriptor_pb2.FileDescriptorProto, message: descriptor_pb2.DescriptorProto, fields: Mapping[str, FieldType]
) -> None:
    for number, (name, type_) in enumerate(fields.items(), start=1):
        field = message.field.add(name=name, number=number, label=_F.LABEL_OPTIONAL)
        match type_:
            case "bool" | "int" | "double" | "string":
                field.type = _SCALARS[type_]
            case "list(string)":
                field.type, field.label = _F.TYPE_STRING, _F.LABEL_REPEATED
            case "list(int)":
                field.type, field.label = _F.TYPE_INT64, _F.LABEL_REPEATED
            case "list(double)":
                field.type, field.label = _F.TYPE_DOUBLE, _F.LABEL_REPEATED
            case "timestamp":
                field.type, field.type_name = _F.TYPE_MESSAGE, ".google.protobuf.Timestamp"
            case "map":
                entry = message.nested_type.add(name=f"{name.title().replace('_', '')}Entry")
                entry.options.map_entry = True
                entry.field.add(name="key", number=1, type=_F.TYPE_STRING, label=_F.LABEL_OPTIONAL)
                entry.field.add(name="value", number=2, type=_F.TYPE_STRING, label=_F.LABEL_OPTIONAL)
                field.type, field.label = _F.TYPE_MESSAGE, _F.LABEL_REPEATED
                field.type_name = f".{file.package}.{message.name}.{entry.name}"
            case "lineage":
                field.type, field.type_name = _F.TYPE_MESSAGE, f".{entity_message('lineage')}"


# name: number, type; a type in brackets is repeated, one with -> is a map from int64.
_CEL = {
    "CheckedExpr": {"reference_map": (2, "->Reference"), "type_map": (3, "->Type"), "expr": (4, "Expr"),
                    "source_info": (5, "SourceInfo")},
    "SourceInfo": {"line_offsets": (3, "[int32]"), "positions": (4, "->int32")},
    "Reference": {"name": (1, "string"), "overload_id": (3, "[string]"), "value": (4, "Constant")},
    "Type": {"dyn": (1, "Empty"), "null": (2, "int64"), "primitive": (3, "int64"), "wrapper": (4, "int64"),
             "well_known": (5, "int64"), "list_type": (6, "ListType"), "map_type": (7, "MapType"),
             "message_type": (9, "string"), "type_param": (10, "string"), "type": (11, "Type")},
    "Empty": {},
    "ListType": {"elem_type": (1, "Type")},
    "MapType": {"key_type": (1, "Type"), "value_type": (2, "Type")},
    "Expr": {"id": (2, "int64"), "const_expr": (3, "Constant"), "ident_expr": (4, "Ident"),
             "select_expr": (5, "Select"), "call_expr": (6, "Call"), "list_expr": (7, "CreateList"),
             "struct_expr": (8, "CreateStruct"), "comprehension_expr": (9, "Comprehension")},
    "Constant": {"null_value": (1, "int64"), "bool_value": (2, "bool"), "int64_value": (3, "int64"),
                 "uint64_value": (4, "uint64"), "double_value": (5, "double"), "string_value": (6, "string"),
                 "bytes_value": (7, "bytes")},
    "Ident": {"name": (1, "string")},
    "Select": {"operand": (1, "Expr"), "field": (2, "string"), "test_only": (3, "bool")},
    "Call": {"target": (1, "Expr"), "function": (2, "string"), "args": (3, "[Expr]")},
    "CreateList": {"elements": (1, "[Expr]"), "optional_indices": (2, "[int32]")},
    "CreateStruct": {"message_name": (1, "string"), "entries": (2, "[Entry]")},
    "Entry": {"id": (1, "int64"), "field_key": (2, "string"), "map_key": (3, "Expr"), "value": (4, "Expr"),
              "optional_entry": (5, "bool")},
    "Comprehension": {"iter_var": (1, "string"), "iter_range": (2, "Expr"), "accu_var": (3, "string"),
                      "accu_init": (4, "Expr"), "loop_condition": (5, "Expr"), "loop_step": (6, "Expr"),
                      "result": (7, "Expr"), "iter_var2": (8, "string")},
}  # fmt: skip
_WIRE = {
    "int64": _F.TYPE_INT64, "int32": _F.TYPE_INT32, "uint64": _F.TYPE_UINT64, "bool": _F.TYPE_BOOL,
    "double": _F.TYPE_DOUBLE, "string": _F.TYPE_STRING, "bytes": _F.TYPE_BYTES,
}  # fmt: skip
_ONEOF = {"Expr": "expr_kind", "Constant": "constant_kind", "Type": "type_kind"}


@cache
def _checked_expr_class() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="auditline/checked.proto", package="auditline.cel", syntax="proto3")
    for name, fields in _CEL.items():
        message = file.message_type.add(name=name)
        if name in _ONEOF:
            message.oneof_decl.add(name=_ONEOF[name])
        for field_name, (number, spec) in fields.items():
            _add_wire_field(message, field_name, number, spec)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("auditline.cel.CheckedExpr"))


def _add_wire_field(message: descriptor_pb2.DescriptorProto, name: str, number: int, spec: str) -> None:
    field = message.field.add(name=name, number=number)
    field.label = _F.LABEL_REPEATED if spec[0] in "[-" else _F.LABEL_OPTIONAL
    type_ = spec.strip("[]").removeprefix("->")
    if spec.startswith("->"):
        entry = message.nested_type.add(name=f"{name.title().replace('_', '')}Entry")
        entry.options.map_entry = True
        entry.field.add(name="key", number=1, type=_F.TYPE_INT64, label=_F.LABEL_OPTIONAL)
        _set_type(entry.field.add(name="value", number=2, label=_F.LABEL_OPTIONAL), type_)
        field.type, field.type_name = _F.TYPE_MESSAGE, f".auditline.cel.{message.name}.{entry.name}"
        return
    _set_type(field, type_)
    if message.name in _ONEOF and name != "id":
        field.oneof_index = 0


def _set_type(field: descriptor_pb2.FieldDescriptorProto, type_: str) -> None:
    if type_ in _WIRE:
        field.type = _WIRE[type_]
    else:
        field.type, field.type_name = _F.TYPE_MESSAGE, f".auditline.cel.{type_}"


def parse_checked(serialized: bytes) -> Any:
    """Parse what `Expression.serialize()` gives (an `Any` that holds a CheckedExpr) into our own message class."""
    wrapper = any_pb2.Any()
    wrapper.ParseFromString(serialized)
    return _checked_expr_class().FromString(wrapper.value)
