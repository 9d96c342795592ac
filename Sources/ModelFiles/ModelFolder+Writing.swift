internal import Files
public import VectorMath

extension ModelFolder {
    /// Writes this model with some of its tensors replaced, in the layout that sentence-transformers reads; it appears complete or
    /// not at all. A plain Hugging Face folder gets the modules that it is used with here.
    ///
    /// - Parameters:
    ///   - tensors: By plain name, such as `encoder.layer.0.attention.self.query.weight`; each of the shape that it replaces. They
    ///     are written as F32, the others as they are.
    ///   - keepingOtherFiles: Whether also what is not needed comes along, such as the card: every file but copies of the old
    ///     weights in other formats.
    public func writeSentenceTransformersFolder(
        to path: String, replacing tensors: [String: MatrixView<Float>], keepingOtherFiles: Bool = false,
        force: Bool = false
    ) throws(ModelFilesError) {
        let folder = try ModelFilesError.wrapping { () throws(FilesError) in
            try AtomicFolder(replacing: path, force: force)
        }
        if keepingOtherFiles {
            try copyAllButWeights(to: folder.temporaryPath)
        } else {
            try copyFiles(to: folder.temporaryPath)
        }
        try writeAssumedModules(to: folder.temporaryPath)
        let place = FileSystem.joined(folder.temporaryPath, modules[0].path)
        try writeWeights(to: FileSystem.joined(place, ModelLayout.weights), replacing: tensors)
        try ModelFilesError.wrapping { () throws(FilesError) in try folder.commit() }
    }

    /// Copies every file of the model but its weights and its card, which speaks of this model.
    func copyFiles(to destination: String, card: Bool = false) throws(ModelFilesError) {
        let transformer = modules[0].path
        var names = (ModelLayout.required + ModelLayout.optional).map { FileSystem.joined(transformer, $0) }
        names += ["config_sentence_transformers.json", ModelLayout.modules]
        names += ModelLayout.moduleFiles(of: modules).map(\.name)
        names += try ModelLayout.routerFiles(of: modules, in: path).map(\.name)
        if !card { names.removeAll { $0 == "README.md" } }
        try ModelFilesError.wrapping { () throws(FilesError) in
            for name in Set(names).sorted() {
                let source = FileSystem.joined(path, name)
                guard FileSystem.isFile(source) else { continue }
                let target = FileSystem.joined(destination, name)
                try FileSystem.makeDirectory(FileSystem.parent(of: target))
                try FileSystem.copyFile(source, to: target)
            }
        }
    }

    /// Copies every file but the transformer's weights, at its place below the folder.
    func copyAllButWeights(to destination: String) throws(ModelFilesError) {
        let others = modules.dropFirst().map { $0.path + "/" }.filter { $0 != "/" }
        try ModelFilesError.wrapping { () throws(FilesError) in
            for name in try FileSystem.list(path) {
                let isOfOtherModule = others.contains(where: name.hasPrefix)
                if !isOfOtherModule, ModelLayout.holdsWeights(name) { continue }
                let target = FileSystem.joined(destination, name)
                try FileSystem.makeDirectory(FileSystem.parent(of: target))
                try FileSystem.copyFile(FileSystem.joined(path, name), to: target)
            }
        }
    }

    /// Writes down what is only assumed for a folder without `modules.json`.
    func writeAssumedModules(to folder: String) throws(ModelFilesError) {
        func file(_ name: String) -> String { FileSystem.joined(folder, name) }
        guard !FileSystem.exists(file(ModelLayout.modules)) else { return }
        let steps = [("Transformer", ""), ("Pooling", "1_Pooling")]
        let modules = JSONValue.array(
            steps.enumerated().map { index, step in
                [
                    "idx": .integer(Int64(index)), "name": .string(String(index)), "path": .string(step.1),
                    "type": .string("sentence_transformers.models." + step.0),
                ]
            })
        let settings: JSONValue = ["max_seq_length": .integer(Int64(maxLength)), "do_lower_case": false]
        try ModelFilesError.wrapping { () throws(FilesError) in
            try FileSystem.makeDirectory(file("1_Pooling"))
            try writeFile(modules.serialized(pretty: true) + "\n", to: file(ModelLayout.modules))
            try writeFile(
                pooling.serialized(width: configuration.width).serialized(pretty: true) + "\n",
                to: file("1_Pooling/config.json"))
            try writeFile(settings.serialized(pretty: true) + "\n", to: file(SentenceSettings.fileNames[0]))
        }
    }

    private func writeWeights(
        to path: String, replacing tensors: [String: MatrixView<Float>]
    ) throws(ModelFilesError) {
        let weights = try self.tensors()
        var writer = SafetensorsWriter()
        for name in weights.names {
            guard let tensor = weights.tensor(named: name) else { continue }
            guard let matrix = tensors[name] else {
                writer.add(tensor)
                continue
            }
            let rows = tensor.shape.count == 1 ? [1, tensor.shape[0]] : tensor.shape
            precondition(
                [matrix.rows, matrix.columns] == rows,
                "\(name) is \(tensor.shape), not \([matrix.rows, matrix.columns])")
            writer.add(tensor.name, shape: tensor.shape, floats: matrix.elements())
        }
        for name in tensors.keys.sorted() where weights.tensor(named: name) == nil {
            throw .unexpectedTensor(path: path, name: name)
        }
        try writer.write(to: path, metadata: weights.file.metadata.isEmpty ? ["format": "pt"] : weights.file.metadata)
    }
}
