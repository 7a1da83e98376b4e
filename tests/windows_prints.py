r"""What powercfg, reg, icacls and schtasks print, written by us in their true shapes; some of it in German."""

from __future__ import annotations

SID = "S-1-5-21-1000000000-2000000000-3000000000-1001"
LOG = "C:\\ProgramData\\Intuit\\QBWebConnector\\log\\QWCLog.txt"

SLEEPS_AFTER_30_MIN = """\
Power Scheme GUID: 381b4222-f694-41f0-9685-ff5bb260df2e  (Balanced)
  GUID Alias: SCHEME_BALANCED
  Subgroup GUID: 238c9fa8-0aad-41ed-83f4-97be242c8f20  (Sleep)
    GUID Alias: SUB_SLEEP
    Power Setting GUID: 29f6c1db-86da-48c5-9fdb-f2b67b1f44da  (Sleep after)
      GUID Alias: STANDBYIDLE
      Minimum Possible Setting: 0x00000000
      Maximum Possible Setting: 0xffffffff
      Possible Settings increment: 0x00000001
      Possible Settings units: Seconds
    Current AC Power Setting Index: 0x00000708
    Current DC Power Setting Index: 0x00000384

    Power Setting GUID: 94ac6d29-73ce-41a6-809f-6363ba21b47e  (Allow hybrid sleep)
      GUID Alias: HYBRIDSLEEP
      Possible Setting Index: 000
      Possible Setting Friendly Name: Off
      Possible Setting Index: 001
      Possible Setting Friendly Name: On
    Current AC Power Setting Index: 0x00000001
    Current DC Power Setting Index: 0x00000001

    Power Setting GUID: 9d7815a6-7ee4-497e-8888-515a05f02364  (Hibernate after)
      GUID Alias: HIBERNATEIDLE
      Minimum Possible Setting: 0x00000000
      Maximum Possible Setting: 0xffffffff
      Possible Settings increment: 0x00000001
      Possible Settings units: Seconds
    Current AC Power Setting Index: 0x00000000
    Current DC Power Setting Index: 0x00002a30
"""
NEVER_SLEEPS_GERMAN = """\
GUID des Energieschemas: 8c5e7fda-e8bf-4a96-9a85-a6e23a8c635c  (Höchstleistung)
  GUID der Untergruppe: 238c9fa8-0aad-41ed-83f4-97be242c8f20  (Energie sparen)
    GUID-Alias: SUB_SLEEP
    GUID der Energieeinstellung: 29f6c1db-86da-48c5-9fdb-f2b67b1f44da  (Deaktivierung nach)
      GUID-Alias: STANDBYIDLE
      Minimal mögliche Einstellung: 0x00000000
      Maximal mögliche Einstellung: 0xffffffff
      Inkrement möglicher Einstellungen: 0x00000001
      Einheiten möglicher Einstellungen: Sekunden
    Index der aktuellen Wechselstromeinstellung: 0x00000000
    Index der aktuellen Gleichstromeinstellung: 0x00000e10
"""

HIVES = f"""
HKEY_USERS\\.DEFAULT
HKEY_USERS\\S-1-5-19
HKEY_USERS\\S-1-5-20
HKEY_USERS\\{SID}
HKEY_USERS\\{SID}_Classes
HKEY_USERS\\S-1-5-18
"""
RUN_WITHOUT_CONNECTOR = f"""
HKEY_USERS\\{SID}\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run
    OneDrive    REG_SZ    "C:\\Program Files\\Microsoft OneDrive\\OneDrive.exe" /background
"""
RUN_WITH_CONNECTOR = f"""
HKEY_USERS\\{SID}\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run
    QBWC    REG_SZ    "C:\\Program Files (x86)\\Common Files\\Intuit\\QuickBooks\\QBWebConnector\\QBWebConnector.exe"
"""
ACTIVE_8_TO_17 = """
HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\WindowsUpdate\\UX\\Settings
    ActiveHoursStart    REG_DWORD    0x8
    ActiveHoursEnd    REG_DWORD    0x11
    SmartActiveHoursState    REG_DWORD    0x2
"""
NO_RESTART_WHILE_SIGNED_IN = """
HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate\\AU
    NoAutoRebootWithLoggedOnUsers    REG_DWORD    0x1
"""
LEVEL_NONE = f"""
HKEY_USERS\\{SID}\\Software\\Intuit\\QBWebConnector
    Level    REG_SZ    NONE
    UpdateLock    REG_SZ    FALSE
"""
USERS_MAY_ONLY_READ = f"""\
{LOG} NT AUTHORITY\\SYSTEM:(I)(F)
{" " * len(LOG)} BUILTIN\\Administrators:(I)(F)
{" " * len(LOG)} SYNC-PC-01\\qbsync:(I)(F)
{" " * len(LOG)} BUILTIN\\Users:(I)(RX)

Successfully processed 1 files; Failed processing 0 files
"""
USERS_MAY_WRITE_GERMAN = f"""\
{LOG} VORDEFINIERT\\Benutzer:(I)(M)
{" " * len(LOG)} NT-AUTORITÄT\\SYSTEM:(I)(F)
{" " * len(LOG)} SYNC-PC-01\\gast:(DENY)(W)

1 Dateien erfolgreich verarbeitet, bei 0 Dateien ist ein Verarbeitungsfehler aufgetreten.
"""
A_TASK_STARTS_THE_CONNECTOR = """\
<?xml version="1.0" encoding="UTF-16"?>
<Tasks>
<!-- \\Start the sync -->
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <Actions Context="Author">
    <Exec>
      <Command>"C:\\Program Files (x86)\\Common Files\\Intuit\\QuickBooks\\QBWebConnector\\QBWebConnector.exe"</Command>
    </Exec>
  </Actions>
</Task>
</Tasks>
"""


def query(key: str) -> str:
    return f"reg.exe query {key}"


RUN_KEY = query(f"HKU\\{SID}\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run")
PRINTS = {
    "powercfg.exe": SLEEPS_AFTER_30_MIN,
    RUN_KEY: RUN_WITHOUT_CONNECTOR,
    query(f"HKU\\{SID}\\Software\\Intuit\\QBWebConnector"): LEVEL_NONE,
    query("HKLM\\SOFTWARE\\Microsoft\\WindowsUpdate\\UX\\Settings"): ACTIVE_8_TO_17,
    "icacls.exe": USERS_MAY_ONLY_READ,
    query("HKU"): HIVES,
}
"""A machine on which everything is set up as it should not be; what is not here does not exist there."""
