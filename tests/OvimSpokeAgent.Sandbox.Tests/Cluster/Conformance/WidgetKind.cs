namespace OvimSpokeAgent.Sandbox.Tests.Cluster.Conformance;

/// <summary>A custom kind with a status subresource and lists of each sort.</summary>
internal static class WidgetKind
{
    public const string Definition = """
        {
          "apiVersion": "apiextensions.k8s.io/v1",
          "kind": "CustomResourceDefinition",
          "metadata": {"name": "widgets.conformance.ovim.io"},
          "spec": {
            "group": "conformance.ovim.io",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList", "shortNames": ["wd"]},
            "versions": [
              {
                "name": "v1",
                "served": true,
                "storage": true,
                "subresources": {"status": {}},
                "additionalPrinterColumns": [
                  {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
                  {"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type=='Ready')].status"}
                ],
                "schema": {
                  "openAPIV3Schema": {
                    "type": "object",
                    "properties": {
                      "spec": {
                        "type": "object",
                        "x-kubernetes-preserve-unknown-fields": true,
                        "properties": {
                          "size": {"type": "integer"},
                          "parts": {
                            "type": "array",
                            "x-kubernetes-list-type": "map",
                            "x-kubernetes-list-map-keys": ["name"],
                            "items": {
                              "type": "object",
                              "required": ["name"],
                              "properties": {"name": {"type": "string"}, "count": {"type": "integer"}, "color": {"type": "string"}}
                            }
                          },
                          "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
                          "steps": {"type": "array", "items": {"type": "string"}}
                        }
                      },
                      "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}
                    }
                  }
                }
              }
            ]
          }
        }
        """;
}
