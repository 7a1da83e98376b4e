"""What stands behind QBWC1012 and its kin, and in QuickBooks' own SDK log, by the cause that it must reach."""

from __future__ import annotations

_TO_SERVER = "\nMore info:\nStackTrace =    {at} System.Net.HttpWebRequest.GetRequestStream(TransportContext& context)"
_NO_ANSWER = "\nMore info:\nStackTrace =    {at} System.Web.Services.Protocols.WebClientProtocol.GetWebResponse()"
_READING = "\nMore info:\nStackTrace =    {at} System.Web.Services.Protocols.SoapHttpClientProtocol.ReadResponse()"

# What .NET says on the way to the service, while it waits for the answer, and while it reads it: English, and others.
_UNREACHABLE_TO = (
    "The remote name could not be resolved: 'sync.example.com'",
    "Der Remotename konnte nicht aufgelöst werden: 'sync.example.com'",
    "Le nom distant n'a pas pu être résolu : 'sync.example.com'",
    "No se puede resolver el nombre remoto: 'sync.example.com'",
    "O nome remoto não pôde ser resolvido: 'sync.example.com'",
    "Невозможно разрешить удаленное имя: 'sync.example.com'",
    "Unable to connect to the remote server",
    "No connection could be made because the target machine actively refused it 192.0.2.1:443",
    "Impossible de se connecter au serveur distant",
    "Невозможно соединиться с удаленным сервером",
    "The underlying connection was closed: An unexpected error occurred on a send.",
    "The remote server returned an error: (407) Proxy Authentication Required.",
    "Unable to connect to the remote server. HTTP/1.1 407 authenticationrequired",
    "Der Remoteserver hat einen Fehler zurückgegeben: (407) Proxyauthentifizierung erforderlich.",
)
_UNREACHABLE_WAITING = (
    "The operation has timed out",
    "The operation has timed-out.",
    "The request was aborted: The operation has timed out.",
    "Timeout für Vorgang überschritten",
    "Время ожидания операции истекло",
    "The underlying connection was closed: The connection was closed unexpectedly.",
    "The underlying connection was closed: An unexpected error occurred on a receive.",
    "Unable to read data from the transport connection: An existing connection was forcibly closed.",
    "The request was aborted: The request was canceled.",
)
_TLS = (
    "The request was aborted: Could not create SSL/TLS secure channel.",
    "The underlying connection was closed: Could not establish trust relationship for the SSL/TLS secure channel.",
    "The client and server cannot communicate, because they do not possess a common algorithm",
    "Authentication failed because the remote party has closed the transport stream.",
    "The remote certificate is invalid according to the validation procedure.",
    "La demande a été abandonnée : Impossible de créer un canal sécurisé SSL/TLS.",
    "Le certificat distant n'est pas valide selon la procédure de validation.",
    "El certificado remoto no es válido según el procedimiento de validación.",
    "Das Remotezertifikat ist laut Validierungsverfahren ungültig.",
)
_WRONG_ANSWER = (
    "The request failed with HTTP status 500: Internal Server Error.",
    "The request failed with HTTP status 404: Not Found.",
    "The request failed with HTTP status 401: Unauthorized.",
    "Fehler bei der Anforderung mit HTTP-Status 503: Service Unavailable.",
    "Le serveur distant a retourné une erreur : (502) Passerelle incorrecte.",
    "Client found response content type of 'text/html; charset=UTF-8', but expected 'text/xml'.",
    "Client found response content type of '', but expected 'text/xml'.\nThe request failed with an empty response.",
    "Der Client hat den Antwortinhaltstyp 'text/html' gefunden, erwartet wurde jedoch 'text/xml'.",
    "Server was unable to process request. ---> Timeout expired.",
    "Le serveur n'a pas pu traiter la demande. ---> La référence d'objet n'est pas définie",
    "Server did not recognize the value of HTTP Header SOAPAction: http://developer.intuit.com/authenticate.",
    "Procedure 'authenticate' not present",
    "Possible SOAP version mismatch: Envelope namespace http://www.w3.org/2003/05/soap-envelope was unexpected.",
    "There is an error in XML document (1, 2).",
    "Fehler im XML-Dokument (1, 2).",
    "Response is not well-formed XML.",
    "Data at the root level is invalid. Line 1, position 1.",
    "Root element is missing.",
    "'', hexadecimal value 0x1F, is an invalid character. Line 1, position 1.",
    "The server committed a protocol violation. Section=ResponseStatusLine",
    "Der Remoteserver hat eine unerwartete Antwort gesendet.",
)
_WRAPPED = (
    ("web_service_unreachable", _TO_SERVER, _UNREACHABLE_TO),
    ("web_service_unreachable", _NO_ANSWER, _UNREACHABLE_WAITING),
    ("tls_certificate", _TO_SERVER, _TLS),
    ("web_service_error", _READING, _WRONG_ANSWER),
)
NET = [(said + trace.format(at="at"), cause) for cause, trace, texts in _WRAPPED for said in texts]

_SDK: dict[str, tuple[str, ...]] = {
    "popup_blocked": (
        "waiting for modal dialog to be dismissed...",
        "Timed out waiting for modal dialog to be dismissed.",
        "Failed opening a QuickBooks company file with UI because Quickbooks is in a modal state. Cannot continue.",
        "SDKOpenFile ; Line: 412 ; Msg: Failed on call to raw_Execute with QBW_E_MODALSTATE",
        "Timed out waiting for the QuickBooks company file to open. Cannot continue.",
        "Timed out MODAL_DIALOG_DISMISSAL_TRIES",
    ),
    "single_user_mode": (
        "The data file is open in the SingleUser mode and it does not match the request to open the file in the Mul...",
        "Open Mode Mismatch",
        "Could not open the provided QuickBooks data file. File already open in exclusive mode.",
    ),
    "wrong_company_file_open": (
        'The currently open company file "C:\\a.qbw" doesn\'t match requested company file "C:\\b.qbw"',
        "Wrong Data File Opened",
    ),
    "company_file_not_found": (
        "There is no data file open and the data file name is not provided. Cannot continue.",
        "No Data File Given",
        "The data file requested in BeginSession is no longer open.",
        "The file may not exist, or QuickBooks may be unable to access the file over the network.",
        "Begin Session error = Could not open the specified QuickBooks company data file. HRESULT=0x80040403",
    ),
    "permission_missing": (
        "The application was denied access during the active session.",
        "Failed on call to get_IsAccessAllowed",
        "could not set QB auth preferences.",
        "The file does not contain an Authenticode signature.",
        "The Authenticode signature is not within its validity period.",
        "The certificate has been revoked by the issuer.",
        "Verify Certificate failed.",
    ),
    "quickbooks_cannot_start": (
        "Failed to launch QB, trying again...",
        "Performing QB Launch Retries",
        "Previous instance of QB is going down..! Wait and retry to get a new instance.",
        "could not create SDKRequestProcessor interface, hence could not start QuickBooks.",
        "Could not find or create an instance of QuickBooks using InstanceFinder",
        "Could not find installation of QuickBooks that supports the SDK.",
        "Begin Session error = Could not start QuickBooks. HRESULT=0x80040408",
    ),
    "version_mismatch": (
        "Process Found: 4711 for User: CONTOSO\\anna",
        "The company file was modified by QuickBooks version 34.0",
        "SDKERROR_QB_AND_DATAFILE_VERSIONS_DONT_MATCH",
        "This edition does not support SDK.",
    ),
    "quickbooks_crashed": (
        "Session is invalid because of a previous QuickBooks internal error.  Please open a new connection.",
        "End Session failed, the data file may have not been closed.",
    ),
    "client_programming_error": (
        '"EndSession" has not been called.',
        '"CloseConnection" has not been called.',
    ),
    "connector_hung": ("Begin Session started, and the log holds no end of it",),
    "unclassified": ("Begin Session error = A sentence of a newer QuickBooks.",),
}
SDK = [(text, cause) for cause, texts in _SDK.items() for text in texts]

HEALTHY_SDK = (
    "========= Started Connection =========",
    "Request Processor, QBXMLRP2 v16.0",
    "OS: Microsoft Windows 11 Professional",
    "Current Process is not elevated",
    "Current Process is not ran as Admin",
    "Current Process Integrity Level : 0x2000",
    "Connection opened by app named 'Contoso Sync'",
    "Begin Session started...",
    "Check if the requested company file is already open.",
    "Process Found: 4711 for Current User: CONTOSO\\sync",
    "Opening the file in the DoNotCare mode.",
    "Opening the file in the Single-User mode.",
    "Opening the file in the Multi-User mode.",
    "Calling raw_SDKOpenFile4",
    "Successfully opened the data file: C:\\Books\\Contoso.qbw",
    "Finished processing requests, no errors.",
    "Processing requests took 1.234 seconds.",
    "During this session processed 3 requests.",
    "End Session finished OK.",
    "Connection closed by app named 'Contoso Sync'",
    "========== Ended Connection ==========",
)
