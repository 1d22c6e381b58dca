"""Published test vectors of FastConnect's signature: a worthless key, and (body, signature) pairs."""

PRIVATE_KEY = (
    "PFJTQUtleVZhbHVlPjxNb2R1bHVzPm56TWRyT2VWei9UbHV1NWd5cHZPTC9sTmJIY1I4K1g5VkNmTDBGM09LSS9VQXk1ZU9BNDZU"
    "aEg0TXN2K1VEa203ai9kZ0YwaEhNS2FxSng4eTJMZmFOY2ZpWHMwTHQzQ1FsaENxTnplSkZXb21ySFliZ1hqeEhUaGZMZTBaM01z"
    "NmgxSFhvWFk2b3I2Qm1renZyUGpRTDJ0eEtTeXB5YTdkSmtQZXEvR0lyVT08L01vZHVsdXM+PEV4cG9uZW50PkFRQUI8L0V4cG9u"
    "ZW50PjxQPndNZlo0V1Z1cGZYVlBKeldJYVp5Mjh2UWQzNFE0MUNQSWJYalM2MG0wUlhaRFVNRmhUYUlmOWl6M3ZlYUJsbW1sNnhr"
    "YmsvU0wvZ1NLanZqTmZ5aUNRPT08L1A+PFE+MDJnYWJxUGltejZqR0swaXprWTlCNkZBOTR5Yk1kWFowaTZYSzY2RjAwREwwUzBK"
    "dko0NzNRV0JPdWpSaXFIUnhIdFNEdGlncG42RWRSZk1sSisyVFE9PTwvUT48RFA+QkdqTnovejg4ZWpVanNWYmxIdDFKeGZiVmRC"
    "WlhJbXNMRzQzbTdTRExjY2RKdE9BbmRKb2Z0d2JDUitLczFoN21mNkVjWTE3MWtNTFQxSDlXVy9FMlE9PTwvRFA+PERRPnFEMVJ3"
    "N2tDcnA5amRsRGF3U09la0FMaFMrQUc1ZHNWRkxKbE5hc1c3eTdDeFAyOW9QQ2dIVjJ6SVdtRTBIbkZFVU0rNDNlOEthUEh6OU9Y"
    "eUxOdGhRPT08L0RRPjxJbnZlcnNlUT5uRHJWRVVGV2orSkVvNmkvTkpTcWtTTkRWRy9mQ0h0Vmwwd1JqNmhsOG85UExkMTU3Tm9p"
    "aUJlWGoxN2gyL01oUmJ1NkIzSFZZaEVGaW9WdkRwNUk0QT09PC9JbnZlcnNlUT48RD5ETjFrbUlSZVp0K3pjTmV5bXF6Y2pLUG96"
    "Y3NSZUZRdGxJOWl1UVBibFF1S1puZG94YjdnbDA1OGNCNXIvcStmcGNFamRTd1JjUEdJN2ZjM1huZ3U5WGxEUXhxcDdCNnFscGlH"
    "NERDVmtvTm9yRDdwd2JKaW12SmhmNzBUYm9Vb2E1QVlkaDlZOW56allwYTJkUkZ0Q1pSWDhPemhEamt1VjRIRzJ5NkpvZ0U9PC9E"
    "PjwvUlNBS2V5VmFsdWU+"
)

V1_NEW_ORDER = (
    b'{"account": "0901351", "requestID": "12345678", "instrumentID": "SSI", "market":'
    b' "VN", "buySell": "B", "orderType": "LO", "price": 21000.0, "quantity": 300, "st'
    b'opOrder": false, "stopPrice": 0.0, "stopType": "", "stopStep": 0.0, "lossStep": '
    b'0.0, "profitStep": 0.0, "channelID": "TA", "code": "", "deviceId": "8C-EC-4B-D3-'
    b'0B-96", "userAgent": "FCTrading"}',
    "859f0ba047949a7a1a517fe8af54193090c5489ff113909049f66860e9b3c7b4d359042ed48182f4"
    "867620d73a41ab29684a402e55c8b25b0ea7dfa3a54abab6e5ddcc2db5a7335dce7c0e78bc73e526"
    "9c9e394f94e8a8666d63fcb0b317690a664b03213d280c55801aa2d85f7c3e058dc7bc0e346d5ef3"
    "adad8d34663e03fd",
)
V2_VIETNAMESE_USER_AGENT = (
    b'{"account": "0901351", "requestID": "12345679", "instrumentID": "SSI", "market":'
    b' "VN", "buySell": "S", "orderType": "MP", "price": 0, "quantity": 100, "stopOrde'
    b'r": false, "stopPrice": 0.0, "stopType": "", "stopStep": 0.0, "lossStep": 0.0, "'
    b'profitStep": 0.0, "channelID": "TA", "code": "", "deviceId": "", "userAgent": "\\'
    b'u0110\\u1eb7t l\\u1ec7nh"}',
    "1bedc622655753160a0fcfc807dda2489a05590e9b66bebf13eaf95c36783ca4eed582327b31119d"
    "7f86507e64bc39bec0ae4a6049154985eb29ecca09d0f41051d72ce47047ae5b6ccab0c389b7cf12"
    "c58ad231552148f3a4d019d18cf5e1ca7c798a24276b62b8ec0ba1dcf854cdba206a43aa439d9d76"
    "5d4fa3323087f455",
)
V3_CANCEL_ORDER = (
    b'{"account": "0901351", "requestID": "12345681", "orderID": "12658867", "marketID'
    b'": "VN", "instrumentID": "SSI", "buySell": "B", "code": "", "deviceId": "8C-EC-4'
    b'B-D3-0B-96", "userAgent": "FCTrading"}',
    "505875ebf7331938ae4b814d72939cf12b60f5510732fc2295cee61c748277301b494a5464cdd62e"
    "e2778466cf054e100c38b692242d92059492960733a16c01f20c7933e3712341dd53c66167b58f44"
    "049b9357545610f250f2ab7f9c9028ef410907330316ece79b3e4d7c7c5811b7f4a3db6be5820ff5"
    "7b7257418355a443",
)
V4_COMPACT = (
    b'{"account":"0901351","requestID":"12345678","instrumentID":"SSI","market":"VN","'
    b'buySell":"B","orderType":"LO","price":21000,"quantity":300,"stopOrder":false,"st'
    b'opPrice":0,"stopType":"","stopStep":0,"lossStep":0,"profitStep":0,"channelID":"T'
    b'A","code":"","deviceId":"8C-EC-4B-D3-0B-96","userAgent":"FCTrading"}',
    "2fb138b6dc488571ebba22f66b2a8f6dc9eb7cb4dc0ccf4c4e26ed3f828bef9a61d86041cf1b9f9f"
    "9c747058b80b7e0eb8baa567506020231840d788acbac31dea78dbad40c2d627aac7c591f852e4cb"
    "37f199e69fcc6d7b49661b8fedd50dfe6e33e2e5da2aa82f8073d7f407d76e8c0f8bccd0fa85b006"
    "4dae36386573fa19",
)
