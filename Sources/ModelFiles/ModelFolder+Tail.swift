internal import Files

extension ModelFolder {
    /// Writes this model with other steps behind its vectors, in the layout that sentence-transformers 5 and later reads; it appears
    /// complete or not at all. The weights are copied as they are.
    ///
    /// Where queries and documents get the same steps, these are modules of the model; else they are the routes of a
    /// `Router`, whose default is that of documents: `encode_query` takes the route of queries, `encode_document` and `encode`
    /// that of documents.
    ///
    /// - Parameter tail: The steps; both lists must not be empty where they differ, which a Router asks for.
    /// - Throws: `unsupported` where the model has such steps already.
    public func write(to path: String, tail: ModelTail, force: Bool = false) throws(ModelFilesError) {
        guard self.tail == ModelTail(query: [], document: []) else {
            throw .unsupported(path: self.path, what: "another head behind that of the model")
        }
        let isShared = tail.query == tail.document
        precondition(isShared || !tail.query.isEmpty && !tail.document.isEmpty, "a Router with an empty route")
        let folder = try ModelFilesError.wrapping { () throws(FilesError) in
            try AtomicFolder(replacing: path, force: force)
        }
        let destination = folder.temporaryPath
        try copyFiles(to: destination)
        try writeAssumedModules(to: destination)
        let place = FileSystem.joined(destination, modules[0].path)
        try ModelFilesError.wrapping { () throws(FilesError) in
            try FileSystem.copyFile(weightsPath, to: FileSystem.joined(place, ModelLayout.weights))
        }
        var entries: [(folder: String, type: String)] = []
        if isShared {
            for step in tail.query {
                let name = "\(modules.count + entries.count)_\(step.type)"
                try step.write(to: FileSystem.joined(destination, name))
                entries.append((name, step.type))
            }
        } else {
            let name = "\(modules.count)_Router"
            try Self.writeRouter(tail, to: FileSystem.joined(destination, name))
            entries.append((name, "Router"))
        }
        try Self.append(entries, toModulesOf: destination)
        try ModelFilesError.wrapping { () throws(FilesError) in try folder.commit() }
    }

    private static func append(_ entries: [(folder: String, type: String)], toModulesOf folder: String)
        throws(ModelFilesError)
    {
        let path = FileSystem.joined(folder, ModelLayout.modules)
        try ModelFilesError.wrapping { () throws(FilesError) in
            var list = try JSONValue.read(path).arrayValue ?? []
            for entry in entries {
                list.append([
                    "idx": .integer(Int64(list.count)), "name": .string(String(list.count)),
                    "path": .string(entry.folder), "type": .string("sentence_transformers.models." + entry.type),
                ])
            }
            try writeFile(JSONValue.array(list).serialized(pretty: true) + "\n", to: path)
        }
    }

    private static func writeRouter(_ tail: ModelTail, to folder: String) throws(ModelFilesError) {
        var (types, structure): ([String: JSONValue], [String: JSONValue]) = ([:], [:])
        for (route, steps) in [("query", tail.query), ("document", tail.document)] {
            var names: [JSONValue] = []
            for (index, step) in steps.enumerated() {
                let name = "\(route)_\(index)_\(step.type)"
                try step.write(to: FileSystem.joined(folder, name))
                types[name] = .string("sentence_transformers.models." + step.type)
                names.append(.string(name))
            }
            structure[route] = .array(names)
        }
        let configuration: JSONValue = [
            "types": .object(types), "structure": .object(structure),
            "parameters": ["default_route": "document", "allow_empty_key": true, "route_mappings": [:]],
        ]
        try ModelFilesError.wrapping { () throws(FilesError) in
            try writeFile(
                configuration.serialized(pretty: true) + "\n", to: FileSystem.joined(folder, RouterConfiguration.file))
        }
    }
}

extension ModelTail.Step {
    fileprivate var type: String {
        switch self {
        case .dense: "Dense"
        case .normalize: "Normalize"
        }
    }

    fileprivate func write(to folder: String) throws(ModelFilesError) {
        switch self {
        case .dense(let module): try module.write(to: folder)
        case .normalize:
            try ModelFilesError.wrapping { () throws(FilesError) in
                try FileSystem.makeDirectory(folder)
                try writeFile("{}\n", to: FileSystem.joined(folder, "config.json"))
            }
        }
    }
}
