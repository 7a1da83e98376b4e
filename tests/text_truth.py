"""Texts of logs by the cause that they must reach, without their code where they stand alone; None: no fault."""

from __future__ import annotations

_BY_CAUSE: dict[str | None, tuple[str, ...]] = {
    "data_error": (
        "QuickBooks found an error when parsing the provided XML text stream.",
        'QuickBooks does not support the "rollbackOnError" value of the "onError" attribute.',
        "One or more objects cannot be found",
        'There is an invalid reference to QuickBooks object "Contoso" in the Invoice.',
        "An attempt was made to modify a Bill with a date that is on or before the closing date of the company.",
        "There was an error when saving a Bill.",
    ),
    "quickbooks_cannot_start": (
        "Could not access QuickBooks.",
        'Unexpected error. Check the "qbsdklog.txt" file for possible additional information.',
        "The installation of QuickBooks appears to be incomplete. Please reinstall QuickBooks.",
        "Could not start QuickBooks.",
        "An internal QuickBooks error occurred while trying to access the QuickBooks company data file.",
        "Server execution failed",
        "Catastrophic failure",
        "Error 1334: jam",
    ),
    "company_file_not_found": (
        "Could not open the specified QuickBooks company data file.",
        (
            'If QuickBooks is not running, a call to the "BeginSession" method must include the name of the '
            "QuickBooks company data file."
        ),
        (
            'If the QuickBooks company data file is not open, a call to the "BeginSession" method must include the '
            "name of the data file."
        ),
        (
            "An error occurred when QuickBooks tried to access the company file. Please try again. If the problem "
            "persists, contact Technical Support and provide them with the following error codes: (-6000, -83)."
        ),
    ),
    "version_mismatch": (
        "The version of QuickBooks currently running does not support qbXML.",
        (
            "Could not determine the version of the QuickBooks company data file, or the data file has been "
            "modified and requires a newer version of QuickBooks."
        ),
        "The current version of QuickBooks cannot work with the specified company data file.",
        "This flavor of QuickBooks cannot accept XML requests.",
        "The version of QBXML that was requested is not supported or is unknown.",
        "The version of QBXML that was requested is not supported by this version of the QBXMLRP library.",
        "This call is unavailable in this version of QuickBooks.",
        "The application trying to connect to QuickBooks does not support QuickBooks Simple Start Edition.",
        "The application trying to connect to QuickBooks does not support QuickBooks Pro.",
        "The application trying to connect to QuickBooks does not support QuickBooks Premier.",
        "The application trying to connect to QuickBooks does not support QuickBooks Enterprise.",
        (
            "This application requires Multi User file access mode, but QuickBooks Simple Start does not support "
            "Multi User access."
        ),
        "General access denied error",
        (
            "QBWC1037: Application sent following error or warning message when checking version of QB web "
            "connector. Update aborted. jam"
        ),
        "This feature is not enabled or not available in this version of QuickBooks.",
    ),
    "sdk_not_installed": (
        "qbXML components have not been installed.",
        "Class not registered",
        "Invalid class string",
        "The specified module could not be found.",
        "No such interface supported",
        "QBWC1034: Error setting AuthFlags - jam",
    ),
    "wrong_company_file_open": (
        (
            "A QuickBooks company data file is already open and it is different from the one requested or there are "
            "multiple company files open."
        ),
        (
            "The application trying to connect to QuickBooks is not supported while a file with Shared Books is "
            "opened in read-only mode."
        ),
    ),
    "quickbooks_busy": (
        "Could not get the name of the current QuickBooks company data file.",
        "There is not enough memory to complete the request.",
        (
            "Unable to lock the necessary information to allow this application to access this QuickBooks company "
            "data file."
        ),
        "QuickBooks did not finish its initialization. Please try again later.",
        "Call was rejected by callee.",
        "The message filter indicated that the application is busy.",
        "Ran out of memory",
        "QBWC1014: Could not get Host/Company/Preference Query response from QuickBooks. Job ending. jam",
        (
            "QuickBooks was unable to open the company file because the file is in use. Another person may be in "
            "the process of opening the company file."
        ),
        "The transaction could not be locked. It is in use by another user.",
    ),
    "client_programming_error": (
        'The "BeginSession" method has not been called or it did not succeed.',
        'The "OpenConnection" method has not been called.',
        (
            'Before calling the "BeginSession" method, you must call the "EndSession" method to terminate the '
            "current session."
        ),
        'You cannot make multiple successive calls to the "OpenConnection" method.',
        'A call to the "OpenConnection" method must include the name of your application.',
        "Invalid parameter.",
        "Scripts are not allowed to call QBXMLRP.",
        "The message set requested cannot be processed through the API that was called.",
        "This call may not be made from a remote system.",
        'This call cannot be made after calling "BeginSession" and before calling "EndSession".',
        "The requested connection type could not be found.",
    ),
    "quickbooks_crashed": (
        "The ticket parameter is invalid.",
        "The RPC server is unavailable.",
        "The remote procedure call failed.",
        "The object invoked has disconnected from its clients.",
        "The server threw an exception.",
    ),
    "single_user_mode": (
        (
            "The QuickBooks company data file is currently open in a mode other than the one specified by your "
            "application."
        ),
        (
            "This application requires Single User file access mode and there is already another application "
            "sharing data with this QuickBooks company data file."
        ),
        "QuickBooks is unable to open this company file. It may have been opened by another user.",
    ),
    "popup_blocked": (
        "A modal dialog box is showing in the QuickBooks user interface.",
        "QuickBooks did not finish opening the data file while launching its UI, and we decided to give up.",
        "QBWC1053: A modal dialog box is showing in the QuickBooks user interface.",
        "An update to 2024 is available",
        "A backup has not been completed recently",
    ),
    "permission_missing": (
        "This application has not accessed this QuickBooks company data file before.",
        "This application's certificate is invalid.",
        "This application does not have permission to access this QuickBooks company data file.",
        "This application is not allowed to log into this QuickBooks company data file automatically.",
        "This application's certificate is expired.",
        "The QuickBooks user has denied access.",
        "This application's certificate has been revoked by its certification authority.",
        "Quickbooks can't return sensitive information, if company file is not protected with a complex password",
        "Application with No Certificate",
        "Yes, always; allow access even if QuickBooks is not running",
        "Access Confirmation",
        "Don't allow any applications",
        "Insufficient permission level to perform this action",
    ),
    "unclassified": (
        (
            "The returned text is passed via the qbXML COM Request Processor directly from QuickBooks to your "
            "application and is not issued by the qbXML COM Request Processor itself."
        ),
        "Unspecified error",
        "Exception occurred.",
        (
            "QBWC1007: An error occurred when connecting to QuickBooks. jam Please fix the problem and click Retry "
            "to try again."
        ),
        "QBWC1008: Unable to connect to QuickBooks. Task could not be completed. Reason: jam",
        "QBWC1009: Unable to connect to QuickBooks. Task could not be completed. Reason: jam",
        "QBWC1013: Error connecting to QuickBooks. Returning error message to application. jam",
        (
            "QBWC1022: An error occurred when connecting to QuickBooks. jam Please fix the problem and click OK to "
            "try again."
        ),
        "QBWC1023: Unable to connect to QuickBooks. Task could not be completed. Reason: jam",
        "QBWC1024: Unable to connect to QuickBooks. Task could not be completed. Reason: jam",
    ),
    "license_invalid": (
        "The QuickBooks application needs to be registered.",
        "Error 3371: jam",
    ),
    "permission_reset_required": (
        "This application is unable to log into this QuickBooks company data file automatically.",
        (
            "Recent changes to your configuration require you (the QuickBooks Administrator) to go into the "
            "Integrated Applications preferences and re-authorize your integrated application to log in "
            "automatically."
        ),
    ),
    "user_already_signed_in": ("The user you are trying to log in with is already logged in from another machine.",),
    "multiple_quickbooks_instances": (
        (
            "The application trying to connect to QuickBooks is not supported while multiple instances of "
            "QuickBooks are running."
        ),
    ),
    "qwc_definition_error": (
        "QBWC1000: The domain names for Contoso Sync's service and support URLs do not match.",
        "QBWC1001: The application Contoso Sync's service URL is an IP Address, it will not be loaded.",
        "QBWC1002: The application Contoso Sync's support URL is an IP Address, it will not be loaded.",
        (
            "QBWC1010: Application Contoso Sync cannot be loaded. For security reasons only SSL (https) based "
            "applications are allowed."
        ),
        "QBWC1035: Dns.Resolve(localhost) failed due to Exception -- jam",
        "QBWC1051: The new application was not added.",
    ),
    "web_service_error": (
        "QBWC1003: The application Contoso Sync's support URL (AppSupport) could not be reached.",
        "QBWC1012: Authentication failed due to error message: jam",
        "QBWC1036: Error countered during version check: jam",
        "QBWC1041: SendRequestXML failed due to error message: jam",
        "QBWC1042: ReceiveResponseXML failed due to error message: jam",
        "QBWC1043: getLastError failed due to error message: jam",
        "QBWC1044: CloseConnection failed due to error message: jam",
        "QBWC1045: ConnectionError failed due to error message: jam",
        (
            "QBWC1046: Application sent incorrect syntax return value for clientVersion(). Error message: jam. "
            "Update cannot continue."
        ),
    ),
    "web_service_unreachable": (
        "QBWC1004: The application Contoso Sync's support URL (AppSupport) could not be reached.",
    ),
    "connector_local_failure": (
        "QBWC1005: QuickBooks Web Connector failed to run. Some trace information was captured during the failure.",
        "QBWC1006: QuickBooks Web Connector failed to run. Some trace information was captured during the failure.",
        (
            "QBWC1033: QB web connector failed to initialize QWCLog.txt file and will not run. Please make sure "
            "QWCLog.txt file is writable and then try again."
        ),
        "Exception in WSManager.Update: Object reference not set to an instance of an object.",
    ),
    "connector_not_registered": (
        (
            "QBWC1011: Application named Contoso Sync does not exist in registry. It is possible that the view and "
            "registry is out of sync. Restart QuickBooks Web Connector."
        ),
        "QBWC1026: There was some problem adding fileID.",
        "QBWC1032: Could not find application Contoso Sync in registry to complete scheduled update.",
        "QBWC1039: There was a problem adding the application to registry. Check QWCLog.txt for details.",
    ),
    "run_summary": (
        "QBWC1016: No application was selected for update.",
        "QBWC1017: The following applications could not be updated. Applications named Contoso Sync",
        "QBWC1018: No application available to select at this time.",
        "QBWC1019: No application available to un-select at this time.",
        (
            "QBWC1031: Operation completed with some error. Application has been notified of the error accordingly. "
            "See local log for further information."
        ),
    ),
    "missed_schedule": (
        (
            "QBWC1020: There are scheduled jobs. Web Connector will not be able to run these jobs if you exit. Do "
            "you still want to exit?"
        ),
    ),
    "connector_password_missing": (
        "QBWC1028: Exception encrypting. jam",
        "QBWC1029: Exception decrypting. jam",
        (
            "QBWC1030: Password is not available for application named Contoso Sync. Please set the password for "
            "this application."
        ),
        "QBWC1038: User cancelled from master key input. Need master key to continue.",
    ),
    "auth_rejected_by_web_service": (
        "QBWC1040: Web connector did not provide a valid username and/or password.",
        "Not a valid username and password. Job ending.",
    ),
    "tls_certificate": ("QBWC1048: QuickBooks Web Connector could not verify the web application server certificate.",),
    None: (
        "No data to exchange for this application. Job ending.",
        "Update has been postponed at 5/19/2025 9:33:54 AM by 'Contoso Sync' for next 60 seconds",
    ),
    "company_file_lock_stuck": ("Update aborted. Company file is locked by another client FRONT-DESK",),
    "update_lock_stuck": ("HKEY_CURRENT_USER\\Software\\Intuit\\QBWebConnector\\UpdateLock = TRUE",),
    "multiuser_hosting_broken": (
        "This company file is on another computer, and QuickBooks needs some help connecting.",
        (
            "An error occurred when QuickBooks tried to access the company file. Please try again. If the problem "
            "persists, contact Technical Support and provide them with the following error codes: (-6177, 0)."
        ),
    ),
    "licenses_exhausted": ("You have exceeded the maximum number of users who can access the company at one time.",),
}
TEXTS = [(text, cause) for cause, texts in _BY_CAUSE.items() for text in texts]
