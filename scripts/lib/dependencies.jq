# Definitions with which scripts/lib/dependencies.sh reads lists, osv-scanner's results and .dependencies.json. A package is
# {ecosystem, package, version, licences}, a finding {package, version, finding, says}.

# Reads packages from CycloneDX, as Maven's plugin writes it.
def maven_packages:
  .components[] | select(.group != "dev.chowder")
  | {ecosystem: "Maven", package: "\(.group):\(.name)", version, licences: [.licenses[]? | .expression // .license.id // .license.name]};

# Reads packages from a lock file of npm.
def npm_packages:
  .packages | to_entries[] | select(.key != "")
  | {ecosystem: "npm", package: (.key | sub(".*node_modules/"; "")), version: .value.version, licences: [.value.license | values | tostring]};

# Several licences of one package are a choice: one that is allowed is enough.
def licence_findings($allowed):
  .[] | select(any(.licences[]; in($allowed.licences)) | not)
  | {package, version, finding: "licence \(if .licences == [] then "unknown" else .licences | join(", ") end)", says: "not among the allowed licences"};

# Writes osv-scanner's own input format. It ignores the group of Maven's names in CycloneDX and would find nothing.
def for_osv_scanner: {results: [{packages: [.[] | {package: {name: .package, version, ecosystem}}]}]};

def weakness_findings:
  .results[]?.packages[] | . as $found | .groups[]?.ids[0] as $id
  | {package: $found.package.name, version: $found.package.version, finding: $id,
     says: ([$found.vulnerabilities[] | select(.id == $id) | .summary // empty][0] // "OSV has more")};

# Returns the findings in Chowder's packages. It fails unless each control was also found.
def without_controls($controls; $own):
  def is_in($packages): .package as $package | .version as $version | any($packages[]; .package == $package and .version == $version);
  if [.[] | select(is_in($controls)) | .package] | unique | length == ($controls | length) then .[] | select(is_in($own))
  else error("a control was not found") end;

# Returns the problems, one per line. An entry accepts a finding of a package in any version. `$looked_up` is true if vulnerabilities
# were looked up. Otherwise unused entries are unknown and are not reported.
def complaints($allowed; $today; $looked_up):
  def same($other): .package == $other.package and .finding == $other.finding;
  . as $findings
  | ($findings | unique[] | select(. as $one | any($allowed.accepted[]; same($one)) | not)
      | "\(.package) \(.version): \(.finding) (\(.says))"),
    ($allowed.accepted[] | . as $entry | "\(.package): \(.finding)" as $name
      | if (.why // "") == "" or (.until // "" | test("^20[0-9]{2}-[01][0-9]-[0-3][0-9]$") | not) then
          "\($name) is accepted without a reason or a date; add why, and until in the form 2030-12-31"
        elif .until < $today then
          "\($name) was accepted until \(.until), which has passed; update the package or review the finding again"
        elif ($looked_up or (.finding | startswith("licence "))) and (any($findings[]; same($entry)) | not) then
          "\($name) is accepted and was not found; remove the entry"
        else empty end);

# Drops the Maven packages whose jars are not shipped. It fails if a shipped jar is of no package.
def shipped($jars):
  def jar: "\(.package | sub(".*:"; ""))-\(.version)";
  ([.[] | select(.ecosystem == "Maven") | jar]) as $known
  | ($jars | map(select(. as $jar | any($known[]; . as $name | $jar | startswith($name)) | not))) as $unknown
  | if $unknown != [] then error("no package is known for \($unknown | join(", "))") else . end
  | map(select(.ecosystem != "Maven" or (jar as $name | any($jars[]; startswith($name)))));

def package_url:
  {Maven: "maven", npm: "npm", PyPI: "pypi"}[.ecosystem] as $type
  | "pkg:\($type)/\(.package | split(if $type == "maven" then ":" else "/" end) | map(@uri) | join("/"))@\(.version | @uri)";

# Writes CycloneDX 1.6.
def cyclonedx($version; $java):
  {bomFormat: "CycloneDX", specVersion: "1.6", version: 1,
   metadata: {component: {type: "application", name: "chowder", version: $version, "bom-ref": "chowder"}},
   components: ([{type: "platform", name: "OpenJDK", version: $java, purl: "pkg:generic/openjdk@\($java)", "bom-ref": "openjdk",
     licenses: [{license: {id: "GPL-2.0-with-classpath-exception"}}]}] + map(package_url as $url | {type: "library", name: .package, version, purl: $url, "bom-ref": $url,
     licenses: [.licences[] | {license: {name: .}}]}))};
