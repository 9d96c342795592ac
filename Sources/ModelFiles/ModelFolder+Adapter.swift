internal import Files

extension ModelFolder {
    /// Writes a sentence-transformers folder that holds an adapter in place of this model's weights: what that library saves of
    /// a model with an adapter, and loads with the base that the adapter names. Everything but `config.json` and the
    /// weights comes along as it is. It appears complete or not at all.
    public func writeSentenceTransformersFolder(
        to path: String, adapter configuration: AdapterConfiguration, modules: [String: AdapterMatrices],
        biases: [String: [Float]] = [:], force: Bool = false
    ) throws(ModelFilesError) {
        let folder = try ModelFilesError.wrapping { () throws(FilesError) in
            try AtomicFolder(replacing: path, force: force)
        }
        try copyAllButWeights(to: folder.temporaryPath)
        try writeAssumedModules(to: folder.temporaryPath)
        let place = FileSystem.joined(folder.temporaryPath, self.modules[0].path)
        try ModelFilesError.wrapping { () throws(FilesError) in
            try FileSystem.remove(FileSystem.joined(place, "config.json"))
        }
        try AdapterFolder.write(into: place, configuration: configuration, modules: modules, biases: biases)
        try ModelFilesError.wrapping { () throws(FilesError) in try folder.commit() }
    }

    /// Writes this folder with the weights' file of another model in place of its own, byte for byte. It appears complete or not at all.
    public func writeSentenceTransformersFolder(
        to path: String, weightsOf other: ModelFolder, force: Bool = false
    ) throws(ModelFilesError) {
        let folder = try ModelFilesError.wrapping { () throws(FilesError) in
            try AtomicFolder(replacing: path, force: force)
        }
        try copyAllButWeights(to: folder.temporaryPath)
        try writeAssumedModules(to: folder.temporaryPath)
        let place = FileSystem.joined(folder.temporaryPath, modules[0].path)
        try ModelFilesError.wrapping { () throws(FilesError) in
            try FileSystem.copyFile(other.weightsPath, to: FileSystem.joined(place, ModelLayout.weights))
            try folder.commit()
        }
    }
}
