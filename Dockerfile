# The same distribution as below: what is linked here runs there.
FROM mcr.microsoft.com/dotnet/sdk:10.0-noble AS build
RUN apt-get update && apt-get install -y --no-install-recommends clang zlib1g-dev
WORKDIR /source
COPY Directory.Build.props Directory.Packages.props global.json .editorconfig ./
COPY src/Directory.Build.props src/Directory.Build.targets src/BannedSymbols.txt src/
COPY src/OvimSpokeAgent/OvimSpokeAgent.csproj src/OvimSpokeAgent/packages.lock.json src/OvimSpokeAgent/
RUN dotnet restore --locked-mode src/OvimSpokeAgent
COPY src/OvimSpokeAgent/ src/OvimSpokeAgent/
RUN dotnet publish src/OvimSpokeAgent --no-restore -c Release -o /agent

# No shell, no package manager; runs as a user without rights.
FROM mcr.microsoft.com/dotnet/runtime-deps:10.0-noble-chiseled
COPY --from=build /agent/OvimSpokeAgent /agent/
USER $APP_UID
EXPOSE 8080
ENTRYPOINT ["/agent/OvimSpokeAgent"]
