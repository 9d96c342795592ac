/// Which component a description stands for. A new component is one case here and one file.
extension ComponentDescription {
    func normalizer() throws(TokenizationError) -> any Normalizer {
        switch try type {
        case "BertNormalizer":
            let lowercases = try bool("lowercase")
            return BertNormalizer(
                cleansText: try bool("clean_text"), separatesIdeographs: try bool("handle_chinese_chars"),
                stripsAccents: try optionalBool("strip_accents") ?? lowercases, lowercases: lowercases)
        case let type: throw .unknownComponent(path: path, key: key, type: type)
        }
    }

    func preTokenizer() throws(TokenizationError) -> any PreTokenizer {
        switch try type {
        case "BertPreTokenizer": return BertPreTokenizer()
        case let type: throw .unknownComponent(path: path, key: key, type: type)
        }
    }

    func postProcessor() throws(TokenizationError) -> PostProcessor {
        switch try type {
        case "TemplateProcessing": return try templateProcessing()
        case "BertProcessing": return try bertProcessing()
        case let type: throw .unknownComponent(path: path, key: key, type: type)
        }
    }
}
