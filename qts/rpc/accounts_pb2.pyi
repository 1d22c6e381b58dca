from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListAccountsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Account(_message.Message):
    __slots__ = ("id", "number", "name", "is_active")
    ID_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    IS_ACTIVE_FIELD_NUMBER: _ClassVar[int]
    id: str
    number: str
    name: str
    is_active: bool
    def __init__(self, id: _Optional[str] = ..., number: _Optional[str] = ..., name: _Optional[str] = ..., is_active: _Optional[bool] = ...) -> None: ...

class ListAccountsResponse(_message.Message):
    __slots__ = ("accounts",)
    ACCOUNTS_FIELD_NUMBER: _ClassVar[int]
    accounts: _containers.RepeatedCompositeFieldContainer[Account]
    def __init__(self, accounts: _Optional[_Iterable[_Union[Account, _Mapping]]] = ...) -> None: ...

class AccountRequest(_message.Message):
    __slots__ = ("account_id",)
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    def __init__(self, account_id: _Optional[str] = ...) -> None: ...

class Balances(_message.Message):
    __slots__ = ("cash_settled_vnd", "cash_pending_vnd", "reserved_vnd", "buying_power_vnd", "realised_today_vnd", "market_value_vnd", "unrealised_pnl_vnd", "equity_vnd", "day_pnl_vnd", "ts_market_ms")
    CASH_SETTLED_VND_FIELD_NUMBER: _ClassVar[int]
    CASH_PENDING_VND_FIELD_NUMBER: _ClassVar[int]
    RESERVED_VND_FIELD_NUMBER: _ClassVar[int]
    BUYING_POWER_VND_FIELD_NUMBER: _ClassVar[int]
    REALISED_TODAY_VND_FIELD_NUMBER: _ClassVar[int]
    MARKET_VALUE_VND_FIELD_NUMBER: _ClassVar[int]
    UNREALISED_PNL_VND_FIELD_NUMBER: _ClassVar[int]
    EQUITY_VND_FIELD_NUMBER: _ClassVar[int]
    DAY_PNL_VND_FIELD_NUMBER: _ClassVar[int]
    TS_MARKET_MS_FIELD_NUMBER: _ClassVar[int]
    cash_settled_vnd: int
    cash_pending_vnd: int
    reserved_vnd: int
    buying_power_vnd: int
    realised_today_vnd: int
    market_value_vnd: int
    unrealised_pnl_vnd: int
    equity_vnd: int
    day_pnl_vnd: int
    ts_market_ms: int
    def __init__(self, cash_settled_vnd: _Optional[int] = ..., cash_pending_vnd: _Optional[int] = ..., reserved_vnd: _Optional[int] = ..., buying_power_vnd: _Optional[int] = ..., realised_today_vnd: _Optional[int] = ..., market_value_vnd: _Optional[int] = ..., unrealised_pnl_vnd: _Optional[int] = ..., equity_vnd: _Optional[int] = ..., day_pnl_vnd: _Optional[int] = ..., ts_market_ms: _Optional[int] = ...) -> None: ...

class Position(_message.Message):
    __slots__ = ("symbol", "quantity", "sellable_quantity", "reserved_sell_quantity", "pending_buy_quantity", "cost_total_vnd", "realised_pnl_vnd", "mark_vnd", "market_value_vnd", "unrealised_pnl_vnd")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    SELLABLE_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    RESERVED_SELL_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    PENDING_BUY_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    COST_TOTAL_VND_FIELD_NUMBER: _ClassVar[int]
    REALISED_PNL_VND_FIELD_NUMBER: _ClassVar[int]
    MARK_VND_FIELD_NUMBER: _ClassVar[int]
    MARKET_VALUE_VND_FIELD_NUMBER: _ClassVar[int]
    UNREALISED_PNL_VND_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    quantity: int
    sellable_quantity: int
    reserved_sell_quantity: int
    pending_buy_quantity: int
    cost_total_vnd: int
    realised_pnl_vnd: int
    mark_vnd: int
    market_value_vnd: int
    unrealised_pnl_vnd: int
    def __init__(self, symbol: _Optional[str] = ..., quantity: _Optional[int] = ..., sellable_quantity: _Optional[int] = ..., reserved_sell_quantity: _Optional[int] = ..., pending_buy_quantity: _Optional[int] = ..., cost_total_vnd: _Optional[int] = ..., realised_pnl_vnd: _Optional[int] = ..., mark_vnd: _Optional[int] = ..., market_value_vnd: _Optional[int] = ..., unrealised_pnl_vnd: _Optional[int] = ...) -> None: ...

class Contract(_message.Message):
    __slots__ = ("symbol", "net", "cost_vnd", "due_vnd", "realised_pnl_vnd", "bids", "offers", "mark_vnd", "floating_vnd")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    NET_FIELD_NUMBER: _ClassVar[int]
    COST_VND_FIELD_NUMBER: _ClassVar[int]
    DUE_VND_FIELD_NUMBER: _ClassVar[int]
    REALISED_PNL_VND_FIELD_NUMBER: _ClassVar[int]
    BIDS_FIELD_NUMBER: _ClassVar[int]
    OFFERS_FIELD_NUMBER: _ClassVar[int]
    MARK_VND_FIELD_NUMBER: _ClassVar[int]
    FLOATING_VND_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    net: int
    cost_vnd: int
    due_vnd: int
    realised_pnl_vnd: int
    bids: int
    offers: int
    mark_vnd: int
    floating_vnd: int
    def __init__(self, symbol: _Optional[str] = ..., net: _Optional[int] = ..., cost_vnd: _Optional[int] = ..., due_vnd: _Optional[int] = ..., realised_pnl_vnd: _Optional[int] = ..., bids: _Optional[int] = ..., offers: _Optional[int] = ..., mark_vnd: _Optional[int] = ..., floating_vnd: _Optional[int] = ...) -> None: ...

class ListPositionsResponse(_message.Message):
    __slots__ = ("positions", "ts_market_ms", "contracts")
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    TS_MARKET_MS_FIELD_NUMBER: _ClassVar[int]
    CONTRACTS_FIELD_NUMBER: _ClassVar[int]
    positions: _containers.RepeatedCompositeFieldContainer[Position]
    ts_market_ms: int
    contracts: _containers.RepeatedCompositeFieldContainer[Contract]
    def __init__(self, positions: _Optional[_Iterable[_Union[Position, _Mapping]]] = ..., ts_market_ms: _Optional[int] = ..., contracts: _Optional[_Iterable[_Union[Contract, _Mapping]]] = ...) -> None: ...

class ListLedgerEntriesRequest(_message.Message):
    __slots__ = ("account_id", "after_id", "page_size")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    after_id: int
    page_size: int
    def __init__(self, account_id: _Optional[str] = ..., after_id: _Optional[int] = ..., page_size: _Optional[int] = ...) -> None: ...

class LedgerEntry(_message.Message):
    __slots__ = ("id", "posting_id", "kind", "ledger", "symbol", "quantity", "amount_vnd", "reference", "trading_day", "occurred_ms", "due_ms")
    ID_FIELD_NUMBER: _ClassVar[int]
    POSTING_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    LEDGER_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_VND_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    TRADING_DAY_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_MS_FIELD_NUMBER: _ClassVar[int]
    DUE_MS_FIELD_NUMBER: _ClassVar[int]
    id: int
    posting_id: str
    kind: str
    ledger: str
    symbol: str
    quantity: int
    amount_vnd: int
    reference: str
    trading_day: str
    occurred_ms: int
    due_ms: int
    def __init__(self, id: _Optional[int] = ..., posting_id: _Optional[str] = ..., kind: _Optional[str] = ..., ledger: _Optional[str] = ..., symbol: _Optional[str] = ..., quantity: _Optional[int] = ..., amount_vnd: _Optional[int] = ..., reference: _Optional[str] = ..., trading_day: _Optional[str] = ..., occurred_ms: _Optional[int] = ..., due_ms: _Optional[int] = ...) -> None: ...

class ListLedgerEntriesResponse(_message.Message):
    __slots__ = ("entries", "next_after_id")
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_AFTER_ID_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[LedgerEntry]
    next_after_id: int
    def __init__(self, entries: _Optional[_Iterable[_Union[LedgerEntry, _Mapping]]] = ..., next_after_id: _Optional[int] = ...) -> None: ...
