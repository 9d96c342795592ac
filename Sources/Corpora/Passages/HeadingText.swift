/// Headings as a reader would say them.
enum HeadingText {
    /// Without the number in front, and without the mark behind that links to the heading itself.
    ///
    /// - Parameter capitalsAreStyle: Whether a heading in capitals becomes one in ordinary letters.
    static func cleaned(_ heading: String, capitalsAreStyle: Bool = false) -> String {
        let text = cleaned(heading)
        guard capitalsAreStyle, !text.contains(where: \.isLowercase) else { return text }
        return text.prefix(1).uppercased() + text.dropFirst().lowercased()
    }

    private static func cleaned(_ heading: String) -> String {
        var text = heading.trimming { $0.properties.isWhitespace || $0 == "¶" || $0 == "#" || $0 == "§" }
        if let first = text.firstIndex(of: " "), words.contains(text[..<first].lowercased()) {
            let rest = text[first...].drop { $0 == " " }
            if let body = withoutNumber(rest, dotIsNeeded: true) { text = String(body) }
        } else if let body = withoutNumber(text[...], dotIsNeeded: false) {
            text = String(body)
        }
        return text.trimming { $0.properties.isWhitespace || $0 == ":" }
    }

    /// The heading in a form in which two ways of writing it are equal: lower case, single spaces.
    static func normalized(_ text: String) -> String {
        text.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    private static let words: Set<String> = ["chapter", "appendix", "part", "section"]

    /// What follows a number such as `20.4.1.`, `F.32.`, `II.` or `2.1`; nil where there is none, or nothing follows.
    ///
    /// A number of one part counts where it ends in a dot, colon or bracket; one of several parts without a dot at its
    /// end where a capital follows, since `2.0 released` is no numbered heading.
    private static func withoutNumber(_ text: Substring, dotIsNeeded: Bool) -> Substring? {
        guard let space = text.firstIndex(of: " ") else { return nil }
        let body = text[space...].drop { $0 == " " }
        guard let first = body.first else { return nil }
        var number = text[..<space]
        let isClosed = number.last == "." || number.last == ":" || number.last == ")"
        if isClosed { number.removeLast() }
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard let head = parts.first, isNumeral(head, romanToo: dotIsNeeded), parts.dropFirst().allSatisfy(isNumber)
        else { return nil }
        if isClosed { return body }
        return parts.count > 1 && first.isUppercase && isNumber(head) ? body : nil
    }

    private static func isNumber(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.count <= 3 && text.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
    }

    private static func isNumeral(_ text: Substring, romanToo: Bool) -> Bool {
        if isNumber(text) { return true }
        if text.utf8.count == 1, let letter = text.first { return letter.isUppercase }
        return romanToo && !text.isEmpty && text.allSatisfy { "IVXLC".contains($0) }
    }
}
