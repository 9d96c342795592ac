internal import Files

extension TokenizerFile {
    /// Reads a tokenizer.json.
    ///
    /// Nearly all of the file is the vocabulary, and a general reader of JSON spends more than 30 ms on one of 30,000 tokens. So
    /// it is taken out first, by a scanner that knows the usual form only. What is not of that form, or wrong anywhere in the
    /// file, goes to the general reader as it is, which says what is wrong and where.
    ///
    /// - Returns: The file, and its vocabulary where that was taken out; the model's description has an empty one then.
    static func read(_ path: String) throws(FilesError) -> (TokenizerFile, Vocabulary?) {
        let mapped = try MappedFile(path: path, access: .sequential)
        if mapped.count <= ReadLimit.json,
            let (storage, rest) = mapped.withUnsafeBytes({ VocabularyStorage.read($0) }),
            let file = try? decodeJSON(TokenizerFile.self, bytes: rest, path: path)
        {
            return (file, Vocabulary(storage))
        }
        return (try decodeJSON(TokenizerFile.self, path: path), nil)
    }
}
