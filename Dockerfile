FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
COPY Directory.Build.props Directory.Packages.props global.json .editorconfig ./
COPY src/Directory.Build.props src/Directory.Build.targets src/BannedSymbols.txt src/
COPY src/OvimSpokeAgent/OvimSpokeAgent.csproj src/OvimSpokeAgent/packages.lock.json src/OvimSpokeAgent/
RUN dotnet restore --locked-mode src/OvimSpokeAgent
COPY src/OvimSpokeAgent/ src/OvimSpokeAgent/
RUN dotnet publish src/OvimSpokeAgent --no-restore -c Release -o /agent

# No shell, no package manager; runs as a user without rights.
FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled
WORKDIR /agent
COPY --from=build /agent ./
USER $APP_UID
EXPOSE 8080
ENTRYPOINT ["dotnet", "OvimSpokeAgent.dll"]
