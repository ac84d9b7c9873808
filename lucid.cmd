@echo off
rem Lucid's launcher for Windows, the twin of "lucid": finds a JDK 25, builds when something is newer than the last build, and starts the command line.
rem Every JVM flag lives here. Tried under Wine (finding a JDK, starting; not building), never on Windows itself. Lines end in CR LF (.gitattributes): cmd may miss labels without them.
setlocal EnableExtensions DisableDelayedExpansion
set "root=%~dp0"
set "wanted=25"
set "jdk="

if not defined LUCID_JAVA_HOME goto search
call :consider "%LUCID_JAVA_HOME%"
if defined jdk goto found
echo lucid: LUCID_JAVA_HOME is "%LUCID_JAVA_HOME%", which holds no JDK %wanted% or newer; wanted one (or unset it). 1>&2
exit /b 1

:search
if defined JAVA_HOME call :consider "%JAVA_HOME%"
for %%J in (java.exe) do if not "%%~$PATH:J"=="" call :consider "%%~dp$PATH:J.."
for /d %%J in ("%ProgramFiles%\Eclipse Adoptium\jdk-*" "%ProgramFiles%\Java\jdk-*" "%ProgramFiles%\Microsoft\jdk-*" "%USERPROFILE%\.jdks\*") do call :consider "%%~J"
if defined jdk goto found
echo lucid: no JDK %wanted% or newer was found (looked at JAVA_HOME, PATH and the usual folders). 1>&2
echo        Install one, for example Temurin %wanted%, or set LUCID_JAVA_HOME to its folder. 1>&2
exit /b 1

:found
set "java=%jdk%\bin\java.exe"
set "stamp=%root%bench\target\dependencies.classpath"
set "told="
:check
call :stale
if not defined stale goto start
where /q mvn
if errorlevel 1 (
  echo lucid: Maven, mvn, is needed to build once, and is not on the PATH. 1>&2
  exit /b 1
)
if not exist "%root%target" mkdir "%root%target" 2>nul
set "mine=%root%target\build.%RANDOM%"
call :writable "%mine%" 2>nul
if errorlevel 1 (
  echo lucid: "%root%" has to be built, and you may not write there; wanted a checkout of your own. 1>&2
  exit /b 1
)
del "%mine%"
rem Two builds at once would write over each other's classes, so the second waits for the first. The lock is a file that is open for writing: nobody else can
rem open it so meanwhile, and of a process that was killed nothing is left open. Where that fails the build is not called, and "status" stays undefined.
set "status="
set "lock=%root%target\build.lock"
call :writable "%lock%" 2>nul
if not errorlevel 1 call :build > "%lock%"
if defined status goto built
if not defined told echo lucid: waiting for the build that another lucid has begun ... 1>&2
set "told=1"
ping -n 2 127.0.0.1 >nul
goto check

:built
if not "%status%"=="0" exit /b 1
if not exist "%stamp%" (
  echo lucid: the build left no "%stamp%"; the log is in target\build.log 1>&2
  exit /b 1
)

:start
for /f "usebackq delims=" %%C in ("%stamp%") do set "cp=%%C"
rem Few processors: a second optimising compiler thread (see the launcher "lucid").
set "compilers="
if %NUMBER_OF_PROCESSORS% LSS 4 set "compilers=-XX:CICompilerCount=3"
"%java%" --add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED -XX:+UseParallelGC -XX:MaxNewSize=96m -XX:MaxDirectMemorySize=64g %compilers% %LUCID_JVM% -cp "%root%bench\target\classes;%cp%" lucid.grpo.cli.Lucid %*
exit /b %errorlevel%

rem Takes the JDK folder %1 if none was taken before and its release is new enough. The file "release" says JAVA_VERSION="25.0.3".
:consider
if defined jdk exit /b 0
if not exist "%~1\bin\java.exe" exit /b 0
if not exist "%~1\release" exit /b 0
set "version="
for /f "usebackq tokens=1,2 delims==." %%K in ("%~1\release") do if "%%K"=="JAVA_VERSION" set "version=%%~L"
if not defined version exit /b 0
set "version=%version:"=%"
if %version% GEQ %wanted% set "jdk=%~f1"
exit /b 0

rem Whether the file %1 can be opened for writing. (A redirection that fails sets no errorlevel by itself.)
:writable
echo free> %1 && exit /b 0
exit /b 1

rem Sets "stale" where there is something to build.
:stale
set "stale=1"
if not exist "%stamp%" exit /b 0
rem A class path that was written somewhere else names the classes there.
findstr /i /l /c:"%root%grpo\target" "%stamp%" >nul
if errorlevel 1 exit /b 0
rem A library of the last build that is gone, as when Maven's repository was emptied.
for /f "usebackq delims=" %%C in ("%stamp%") do set "cp=%%C"
for %%J in ("%cp:;=" "%") do if not exist %%J exit /b 0
rem Status 3: a pom.xml, a source or a folder of sources (a file that was removed shows only there) is newer than the build.
set "check=Set-Location -LiteralPath $env:root; $built = Get-Item -LiteralPath $env:stamp;"
set "check=%check% $all = @(Get-Item pom.xml, *\pom.xml) + @(Get-Item *\src\main | ForEach-Object { $_; Get-ChildItem -Recurse -LiteralPath $_.FullName });"
set "check=%check% if ($all | Where-Object { $_.LastWriteTimeUtc -gt $built.LastWriteTimeUtc }) { exit 3 }; exit 0"
powershell -NoProfile -Command "%check%"
if not "%errorlevel%"=="3" set "stale="
exit /b 0

rem Builds, unless the one that held the lock before has. "status" is Maven's, or 0.
:build
set "status=0"
call :stale
if not defined stale exit /b 0
echo lucid: building once (a minute or two on a fresh machine) ... 1>&2
set "log=%root%target\build.log"
set "begun=%root%target\build.begun"
echo begun> "%begun%"
rem Maven starts with the JDK that was found, whatever JAVA_HOME says.
set "JAVA_HOME=%jdk%"
pushd "%root%"
call mvn --batch-mode -DskipTests package > "%log%" 2>&1
set "status=%errorlevel%"
popd
if not "%status%"=="0" (
  findstr /b /l /c:"[ERROR]" "%log%" 1>&2
  echo lucid: the build failed; the whole log is in target\build.log 1>&2
  exit /b 0
)
rem What was edited while the build ran is newer than it.
powershell -NoProfile -Command "(Get-Item -LiteralPath $env:stamp).LastWriteTimeUtc = (Get-Item -LiteralPath $env:begun).LastWriteTimeUtc"
exit /b 0
