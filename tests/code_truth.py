"""Every code that the tables of known codes hold, by the cause that it must reach."""

from __future__ import annotations

_BY_CAUSE = {
    "data_error": (
        "0x80040400; 0x80040413; qbXML/500; qbXML/1000; qbXML/3100; qbXML/3120; qbXML/3140; qbXML/3171; "
        "qbXML/3180; qbXML/3200; qbXML/9001; qbXML/9002; qbXML/9003; qbXML/9004; qbXML/9005"
    ),
    "quickbooks_cannot_start": "0x80040401; 0x80040402; 0x80040407; 0x80040408; 0x8004041C; 0x80080005; 0x8000FFFF",
    "company_file_not_found": "0x80040403; 0x80040416; 0x80040417; -6000, -83; -6000, -77; -6000, -80",
    "version_mismatch": (
        "0x80040404; 0x80040406; 0x80040409; 0x8004041F; 0x80040423; 0x80040428; 0x8004042B; 0x80040431; "
        "0x80040432; 0x80040433; 0x80040434; 0x80040436; 0x80070005; QBWC1037; qbXML/1030; qbXML/3250"
    ),
    "sdk_not_installed": "0x80040405; 0x80040308; 0x80040154; 0x800401F3; 0x8007007E; 0x80004002; QBWC1021; QBWC1034",
    "wrong_company_file_open": "0x8004040A; 0x80040439",
    "quickbooks_busy": (
        "0x8004040B; 0x8004040E; 0x8004041B; 0x80040424; 0x80010001; 0x8001010A; 0x8007000E; QBWC1014; "
        "QBWC1015; -6000, -816; qbXML/1010; qbXML/3170; qbXML/3175; qbXML/3176"
    ),
    "client_programming_error": (
        "0x8004040C; 0x8004040F; 0x80040411; 0x80040412; 0x80040415; 0x80040425; 0x80040426; 0x80040429; "
        "0x8004042A; 0x8004042E; 0x8004042F; 0x800401F0"
    ),
    "quickbooks_crashed": "0x8004040D; 0x800706BA; 0x800706BE; 0x80010108; 0x80010007; 0x80010105",
    "single_user_mode": "0x80040410; 0x80040422; -6073, -99001; -6189, -816; -6190, -816",
    "popup_blocked": "0x80040414; 0x8004042D; QBWC1053",
    "permission_missing": (
        "0x80040418; 0x80040419; 0x8004041A; 0x8004041D; 0x8004041E; 0x80040420; 0x8004042C; 0x80040440; "
        "qbXML/3260; qbXML/3261"
    ),
    "unclassified": (
        "0x80040421; 0x80004005; 0x80020009; 0x80042584; QBWC1007; QBWC1008; QBWC1009; QBWC1013; QBWC1022; "
        "QBWC1023; QBWC1024; QBWC1085; -6175, 0"
    ),
    "license_invalid": "0x80040427",
    "permission_reset_required": "0x80040430; 0x80040435",
    "user_already_signed_in": "0x80040437",
    "multiple_quickbooks_instances": "0x80040438",
    "qwc_definition_error": "QBWC1000; QBWC1001; QBWC1002; QBWC1010; QBWC1035; QBWC1051; QBWC1065; QBWC1080",
    "web_service_error": "QBWC1003; QBWC1012; QBWC1036; QBWC1041; QBWC1042; QBWC1043; QBWC1044; QBWC1045; QBWC1046",
    "web_service_unreachable": "QBWC1004",
    "connector_local_failure": "QBWC1005; QBWC1006; QBWC1033",
    "connector_not_registered": "QBWC1011; QBWC1025; QBWC1026; QBWC1027; QBWC1032; QBWC1039",
    "run_summary": "QBWC1016; QBWC1017; QBWC1018; QBWC1019; QBWC1031",
    "missed_schedule": "QBWC1020",
    "connector_password_missing": "QBWC1028; QBWC1029; QBWC1030; QBWC1038",
    "auth_rejected_by_web_service": "QBWC1040",
    "tls_certificate": "QBWC1048",
    "multiuser_hosting_broken": "H101; H202; H303; H505; -6123, 0; -6177, 0",
    "company_file_damaged": "-6000, -301; -6000, -832; -6147, 0",
}
CODES = {code: cause for cause, codes in _BY_CAUSE.items() for code in codes.split("; ")}

# No source that can be trusted says what these mean, so a finding by them must not be surer than likely.
_UNSURE = (
    "0x80040308; 0x80010007; 0x80010001; 0x8001010A; 0x80042584; QBWC1065; QBWC1080; QBWC1085; "
    "-6000, -301; -6000, -832; -6147, 0; -6175, 0; -6189, -816; -6190, -816; qbXML/3120; qbXML/3176"
)
UNSURE = frozenset(_UNSURE.split("; "))
