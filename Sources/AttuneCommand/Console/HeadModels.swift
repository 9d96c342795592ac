import ArgumentParser
import Attune

extension Models {
    /// The encoder of a head's folder: its base, the adapter that it names, and the head.
    static func load(
        head path: String, model: String?, _ engine: EngineOptions, quiet: Bool
    ) throws -> (encoder: TextEncoder, reference: String) {
        let folder = try HeadFolder(path: path)
        guard let reference = model ?? folder.baseModel else {
            throw ValidationError("\(path) names no base model: name it with -M")
        }
        let base = try load(model: reference, adapter: folder.adapter, engine, quiet: quiet)
        return (try base.encoder.with(head: folder), base.reference)
    }

    /// The base that an adapter or a head names.
    static func base(of adapter: String) throws -> String? {
        if HeadFolder.isPresent(in: adapter) { return try HeadFolder(path: adapter).baseModel }
        return try AdapterFolder(path: adapter).configuration.baseModel
    }

    /// A model by its name, or an adapter or a head on the base that it names.
    static func load(named name: String, _ engine: EngineOptions, quiet: Bool) throws -> (
        encoder: TextEncoder, reference: String, adapter: String?
    ) {
        let isAdapter =
            HeadFolder.isPresent(in: name)
            || FileSystem.isFile(FileSystem.joined(name, AdapterFolder.configurationFile))
                && !FileSystem.isFile(FileSystem.joined(name, "config.json"))
        let loaded = try load(model: isAdapter ? nil : name, adapter: isAdapter ? name : nil, engine, quiet: quiet)
        return (loaded.encoder, loaded.reference, isAdapter ? name : nil)
    }

    /// What evaluates an encoder: itself, documents from the cache of vectors; across a bridge, documents as the old encoder embeds them.
    static func embedding(
        of encoder: TextEncoder, adapter: String?, _ engine: EngineOptions, quiet: Bool
    ) throws -> any TextEmbedding {
        guard let adapter, encoder.head?.target != nil else { return CachingTextEncoder(encoder) }
        guard let old = try HeadFolder(path: adapter).record["old"]?.stringValue else {
            throw CommandError("\(adapter): it does not say which model embeds the documents that it leads to")
        }
        return try BridgedTextEncoder(
            queries: encoder, documents: CachingTextEncoder(load(named: old, engine, quiet: quiet).encoder))
    }
}
