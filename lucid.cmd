@echo off
rem Lucid's launcher for Windows: finds a JDK 25, builds once if needed, and starts the command line. Every JVM flag lives here.
setlocal
set "home=%~dp0"
set "java="
for %%J in ("%LUCID_JAVA_HOME%" "%JAVA_HOME%") do if not defined java if exist "%%~J\bin\java.exe" (
  for /f "tokens=2 delims==." %%V in ('findstr /b JAVA_VERSION "%%~J\release"') do if %%~V GEQ 25 set "java=%%~J\bin\java.exe"
)
for /d %%J in ("%ProgramFiles%\Eclipse Adoptium\jdk-*" "%ProgramFiles%\Java\jdk-*") do if not defined java (
  for /f "tokens=2 delims==." %%V in ('findstr /b JAVA_VERSION "%%~J\release"') do if %%~V GEQ 25 set "java=%%~J\bin\java.exe"
)
if not defined java (
  echo lucid: no JDK 25 or newer was found. Install one, for example Temurin 25, or set LUCID_JAVA_HOME to its folder. 1>&2
  exit /b 1
)
set "stamp=%home%bench\target\dependencies.classpath"
if not exist "%stamp%" (
  echo lucid: building once ^(a minute or two on a fresh machine^) ... 1>&2
  pushd "%home%"
  call mvn --batch-mode -q -DskipTests package
  if errorlevel 1 exit /b 1
  popd
)
for /f "usebackq delims=" %%C in ("%stamp%") do set "cp=%%C"
rem Few processors: a second optimising compiler thread (see the launcher "lucid").
set "compilers="
if %NUMBER_OF_PROCESSORS% LSS 4 set "compilers=-XX:CICompilerCount=3"
"%java%" --add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED -XX:+UseParallelGC -XX:MaxNewSize=512m -XX:MaxDirectMemorySize=64g %compilers% %LUCID_JVM% -cp "%home%bench\target\classes;%cp%" lucid.grpo.cli.Lucid %*
exit /b %errorlevel%
