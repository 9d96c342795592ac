internal import Files

extension Tokenizer {
    /// Reads a `tokenizer.json`.
    ///
    /// - Throws: `TokenizationError`, for a file that is no tokenizer and for components that are not implemented. Implemented
    ///   are BertNormalizer, BertPreTokenizer, WordPiece, TemplateProcessing and BertProcessing.
    public init(path: String) throws(TokenizationError) {
        let file: TokenizerFile
        let vocabulary: Vocabulary?
        do throws(FilesError) {
            (file, vocabulary) = try TokenizerFile.read(path)
        } catch {
            throw .file(error)
        }
        try self.init(file, vocabulary, path: path)
    }

    /// - Parameter vocabulary: The model's, where it is not in the description.
    init(_ file: TokenizerFile, _ vocabulary: Vocabulary?, path: String) throws(TokenizationError) {
        if let version = file.version, version != "1.0" {
            throw .malformed(path: path, key: "version", reason: "'1.0' expected, '\(version)' found")
        }
        func description(_ key: String, _ value: JSONValue?) -> ComponentDescription? {
            guard let value, !value.isNull else { return nil }
            return ComponentDescription(path: path, key: key, value: value)
        }
        let normalizer = try description("normalizer", file.normalizer)?.normalizer()
        let preTokenizer = try description("pre_tokenizer", file.preTokenizer)?.preTokenizer()
        let postProcessor = try description("post_processor", file.postProcessor)?.postProcessor() ?? .none
        let model: any SubwordModel
        switch file.model {
        case .wordPiece(let description): model = try WordPiece(description, vocabulary, path: path)
        case .other(let type): throw .unknownComponent(path: path, key: "model", type: type)
        }
        let addedVocabulary = try AddedVocabulary(
            file.addedTokens ?? [], vocabulary: model.vocabulary, normalizer: normalizer, path: path)
        self.init(
            normalizer: normalizer, preTokenizer: preTokenizer, model: model, postProcessor: postProcessor,
            addedVocabulary: addedVocabulary)
        try checkSpecialIDs(path: path)
    }

    private func checkSpecialIDs(path: String) throws(TokenizationError) {
        for piece in postProcessor.single.pieces + postProcessor.pair.pieces {
            guard case .ids(let ids, _) = piece else { continue }
            for id in ids where token(of: id) == nil {
                throw .malformed(path: path, key: "post_processor", reason: "no token has the id \(id)")
            }
        }
    }
}

extension WordPiece {
    /// - Parameter vocabulary: Where it is not in the description.
    init(_ description: WordPieceDescription, _ vocabulary: Vocabulary?, path: String) throws(TokenizationError) {
        guard description.maximumWordLength >= 0 else {
            throw .malformed(
                path: path, key: "model.max_input_chars_per_word",
                reason: "a number of characters expected, \(description.maximumWordLength) found")
        }
        let vocabulary =
            if let vocabulary { vocabulary } else {
                try Vocabulary(description.vocabulary.mapValues(\.value), path: path)
            }
        guard let unknownID = vocabulary.id(of: description.unknownToken) else {
            throw .missingToken(path: path, key: "model.unk_token", token: description.unknownToken)
        }
        self.init(
            vocabulary: vocabulary, unknownID: unknownID, continuingPrefix: description.continuingPrefix,
            maximumWordLength: description.maximumWordLength)
    }
}

extension Vocabulary {
    init(_ tokens: [String: Int], path: String) throws(TokenizationError) {
        do throws(Problem) {
            try self.init(tokens)
        } catch {
            switch error {
            case .outOfRange(let token, let id):
                throw .idOutOfRange(path: path, token: token, id: id, limit: Vocabulary.idLimit)
            case .duplicate(let id, let tokens): throw .duplicateID(path: path, id: id, tokens: tokens)
            }
        }
    }
}
