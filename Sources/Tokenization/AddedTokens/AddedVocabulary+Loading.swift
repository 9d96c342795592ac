extension AddedVocabulary {
    /// Takes the `added_tokens` of a file, after a look at their ids.
    ///
    /// Hugging Face numbers them itself: a token of the vocabulary keeps its id there, others follow the vocabulary in the
    /// order of the file. A file that says something else was not written by it and would mean two things. A token of which
    /// normalizing leaves nothing makes it cut the text between all characters; that is refused.
    init(
        _ tokens: [AddedToken], vocabulary: Vocabulary, normalizer: (any Normalizer)?, path: String
    ) throws(TokenizationError) {
        var checked: [AddedToken] = []
        var places: [String: Int] = [:]
        var next = vocabulary.count
        for (place, token) in tokens.enumerated() where !token.content.isEmpty {
            let key = "added_tokens[\(place)]"
            let earlier = places[token.content]
            var expected = next
            if let id = vocabulary.id(of: token.content) {
                expected = Int(id)
            } else if let earlier {
                expected = checked[earlier].id
            } else if let other = vocabulary.token(of: Int32(next)) {
                throw .duplicateID(path: path, id: next, tokens: [other, token.content])
            } else {
                next += 1
            }
            guard token.id == expected else {
                throw .malformed(
                    path: path, key: key + ".id",
                    reason: "'\(token.content)' has the id \(token.id), \(expected) expected")
            }
            if token.isNormalized, normalizer?.makesEmpty(token.content) == true {
                throw .malformed(
                    path: path, key: key + ".content",
                    reason: "nothing is left of '\(token.content)' when it is normalized")
            }
            if let earlier {
                checked[earlier] = token
            } else {
                places[token.content] = checked.count
                checked.append(token)
            }
        }
        self.init(checked, vocabulary: vocabulary, normalizer: normalizer)
    }
}
