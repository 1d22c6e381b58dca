from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Side(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SIDE_UNSPECIFIED: _ClassVar[Side]
    SIDE_BUY: _ClassVar[Side]
    SIDE_SELL: _ClassVar[Side]
SIDE_UNSPECIFIED: Side
SIDE_BUY: Side
SIDE_SELL: Side

class PreTradeCheckRequest(_message.Message):
    __slots__ = ("account_id", "symbol", "side", "order_type", "quantity", "price_vnd")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    ORDER_TYPE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    PRICE_VND_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    symbol: str
    side: Side
    order_type: str
    quantity: int
    price_vnd: int
    def __init__(self, account_id: _Optional[str] = ..., symbol: _Optional[str] = ..., side: _Optional[_Union[Side, str]] = ..., order_type: _Optional[str] = ..., quantity: _Optional[int] = ..., price_vnd: _Optional[int] = ...) -> None: ...

class Breach(_message.Message):
    __slots__ = ("code", "limit", "actual", "detail")
    CODE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    ACTUAL_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    code: str
    limit: int
    actual: int
    detail: str
    def __init__(self, code: _Optional[str] = ..., limit: _Optional[int] = ..., actual: _Optional[int] = ..., detail: _Optional[str] = ...) -> None: ...

class PreTradeCheckResponse(_message.Message):
    __slots__ = ("would_pass", "breaches", "ts_market_ms")
    WOULD_PASS_FIELD_NUMBER: _ClassVar[int]
    BREACHES_FIELD_NUMBER: _ClassVar[int]
    TS_MARKET_MS_FIELD_NUMBER: _ClassVar[int]
    would_pass: bool
    breaches: _containers.RepeatedCompositeFieldContainer[Breach]
    ts_market_ms: int
    def __init__(self, would_pass: _Optional[bool] = ..., breaches: _Optional[_Iterable[_Union[Breach, _Mapping]]] = ..., ts_market_ms: _Optional[int] = ...) -> None: ...
