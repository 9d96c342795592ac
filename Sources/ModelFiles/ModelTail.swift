internal import Files

/// What follows pooling (and normalisation) in a model: Dense modules, for queries and documents alike or, behind a `Router`,
/// for each of them.
public struct ModelTail: Sendable, Equatable {
    /// One step.
    public enum Step: Sendable, Equatable {
        case dense(DenseModule)
        case normalize
    }

    /// The steps of queries.
    public let query: [Step]
    /// The steps of documents, and of texts that are neither.
    public let document: [Step]

    /// The steps of queries and of documents.
    public init(query: [Step], document: [Step]) { (self.query, self.document) = (query, document) }

    /// Reads what follows the first two modules and their normalisation.
    init(of modules: [ModelModule], folder: String) throws(ModelFilesError) {
        var steps: [Step] = []
        for module in modules.dropFirst(2).drop(while: { $0.kind == .normalize }) {
            let path = FileSystem.joined(folder, module.path)
            switch module.kind {
            case .dense: steps.append(.dense(try DenseModule(folder: path)))
            case .normalize: steps.append(.normalize)
            case .router:
                let router = try RouterConfiguration(folder: path)
                query = try router.steps(of: "query", folder: path)
                document = try router.steps(of: "document", folder: path)
                return
            case .transformer, .pooling: throw .unsupported(path: path, what: "a second \(module.kind.rawValue)")
            }
        }
        (query, document) = (steps, steps)
    }
}

/// `router_config.json` of a Router between queries and documents.
struct RouterConfiguration {
    static let file = "router_config.json"

    /// The kinds of the modules, by the names of their folders.
    private let kinds: [String: ModelModule.Kind]
    /// The modules of each route.
    private let routes: [String: [String]]

    /// Reads and checks a Router's folder; what is no plain choice between queries and documents is refused.
    init(folder: String) throws(ModelFilesError) {
        let path = FileSystem.joined(folder, Self.file)
        let object = try JSONObject(path: path)
        func members(_ key: String) throws(ModelFilesError) -> [String: JSONValue] {
            guard let members = object[key]?.objectValue else {
                throw .malformed(path: path, reason: "'\(key)' is no object")
            }
            return members
        }
        var kinds: [String: ModelModule.Kind] = [:]
        for (name, type) in try members("types") {
            guard ModelModule.isInside(name) else {
                throw .malformed(path: path, reason: "a module lies outside of the model: '\(name)'")
            }
            let last = type.stringValue?.split(separator: ".").last.map(String.init) ?? ""
            guard let kind = ModelModule.Kind(rawValue: last), kind == .dense || kind == .normalize else {
                throw .unsupported(path: path, what: "module '\(last)' in a Router")
            }
            kinds[name] = kind
        }
        var routes: [String: [String]] = [:]
        for (route, names) in try members("structure") {
            let list = (names.arrayValue ?? []).compactMap(\.stringValue)
            for name in list where kinds[name] == nil {
                throw .malformed(path: path, reason: "route '\(route)' names '\(name)', which has no type")
            }
            routes[route] = list
        }
        guard routes.keys.sorted() == ["document", "query"] else {
            throw .unsupported(
                path: path, what: "a Router of the routes \(routes.keys.sorted().joined(separator: ", "))")
        }
        if let route = object["parameters"]?["default_route"]?.stringValue, route != "document" {
            throw .unsupported(path: path, what: "a Router whose default route is '\(route)'")
        }
        (self.kinds, self.routes) = (kinds, routes)
    }

    func steps(of route: String, folder: String) throws(ModelFilesError) -> [ModelTail.Step] {
        var steps: [ModelTail.Step] = []
        for name in routes[route] ?? [] {
            steps.append(
                kinds[name] == .dense ? .dense(try DenseModule(folder: FileSystem.joined(folder, name))) : .normalize)
        }
        return steps
    }

    /// The files of the modules, relative to the Router's folder.
    var files: [(name: String, isRequired: Bool)] {
        kinds.sorted { $0.key < $1.key }.flatMap { name, kind in
            kind == .dense
                ? [
                    (name: name + "/config.json", isRequired: true),
                    (name: name + "/" + ModelLayout.weights, isRequired: true),
                ]
                : [(name: name + "/config.json", isRequired: false)]
        }
    }
}
