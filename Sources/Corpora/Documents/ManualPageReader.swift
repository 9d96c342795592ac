/// Reads manual pages: troff with the `man` or `mdoc` macros.
///
/// Requests that only lay out are skipped, definitions of macros too; what a page computes with conditions is read as
/// if they were not met. `.TP`, `.IP` and the items of `mdoc` lists become entries of a definition list.
struct ManualPageReader {
    private let source: [UInt8]
    private let lines: [Range<Int>]
    private var document = ParsedDocument()

    private var builder = MappedTextBuilder()
    private var role = DocumentBlock.Role.paragraph
    private var blockStart: Int?
    private var blockEnd = 0
    private var isVerbatim = false
    private var entry: Int?
    /// Entries that the present one stands in: `.RS` begins what belongs to the last entry.
    private var outerEntries: [Int?] = []
    /// The next line of text is a term, after `.TP`.
    private var isTermExpected = false
    private var isInNameSection = false
    private var mdoc = MdocState()

    private init(_ source: [UInt8], _ range: Range<Int>) {
        self.source = source
        let lines = SourceLines.ranges(of: source)
        self.lines = lines.compactMap { line in
            let part = line.clamped(to: range)
            return part.isEmpty && !line.isEmpty ? nil : part
        }
        // `.Nm` alone says the name that it was given in the beginning.
        for line in lines {
            guard let macro = ManualMacro(line, of: source), macro.name == "Nm", let name = macro.arguments.first else {
                continue
            }
            mdoc.name = plain(name)
            break
        }
    }

    /// - Parameter range: The part of the source to read.
    /// - Complexity: O(n) in the number of bytes.
    static func read(_ source: [UInt8], in range: Range<Int>? = nil) -> ParsedDocument {
        var reader = ManualPageReader(source, range ?? source.indices)
        reader.run()
        return reader.document
    }

    private mutating func run() {
        var number = 0
        while number < lines.count {
            let line = lines[number]
            if let macro = ManualMacro(line, of: source) {
                number = read(macro, at: number) + 1
            } else {
                readText(line)
                number += 1
            }
        }
        flush()
    }

    // MARK: Text

    private mutating func readText(_ line: Range<Int>) {
        if SourceLines.trimmed(line, in: source).isEmpty {
            if isVerbatim { builder.newline() } else { flush() }
            return
        }
        begin(at: line.lowerBound)
        append(line)
        endLine(line)
    }

    private mutating func begin(at start: Int) {
        if blockStart == nil { blockStart = start }
    }

    private mutating func append(_ range: Range<Int>) {
        TroffText.append(range, of: source, to: &builder, verbatim: isVerbatim)
    }

    private mutating func endLine(_ line: Range<Int>) {
        blockEnd = line.upperBound
        if isVerbatim { builder.newline() } else { builder.space(at: line.upperBound) }
        if isTermExpected, !builder.isEmpty {
            isTermExpected = false
            flush()
        }
    }

    private mutating func flush() {
        defer {
            builder = MappedTextBuilder()
            blockStart = nil
            role = isVerbatim ? .preformatted : .paragraph
        }
        guard let written = builder.sourceRange else { return }
        let text = builder.finished()
        if isInNameSection, case .paragraph = role { readName(text.string) }
        let start = min(blockStart ?? written.lowerBound, written.lowerBound)
        document.blocks.append(
            DocumentBlock(role: role, text: text, range: start..<max(blockEnd, written.upperBound), entry: entry))
    }

    /// The page is called by its first name, not by the capitals of its title line.
    private mutating func readName(_ text: String) {
        guard let (names, _) = DocumentOutline.nameLine(text), let first = names.split(separator: ",").first else {
            return
        }
        document.title = String(first).trimmingWhitespace()
        isInNameSection = false
    }

    // MARK: Macros

    /// Reads a macro; returns the last line that belongs to it.
    private mutating func read(_ macro: ManualMacro, at number: Int) -> Int {
        let line = lines[number]
        switch macro.name {
        case "TH", "Dt":
            if document.title.isEmpty, let title = macro.arguments.first { document.title = plain(title).lowercased() }
        case "SH", "Ss", "SS", "Sh": return readHeading(macro, at: number)
        case "PP", "P", "LP", "Pp", "HP", "sp", "Lp":
            if isVerbatim { builder.newline() } else { flush() }
            if macro.name != "sp" { entry = outerEntries.last ?? nil }
        case "TP", "TQ":
            flush()
            openEntry(continuing: macro.name == "TQ")
            isTermExpected = true
        case "IP": readIndented(macro, line)
        case "RS":
            flush()
            outerEntries.append(entry)
        case "RE":
            flush()
            entry = outerEntries.popLast() ?? nil
        case "nf", "EX", "Vb", "CS", "Bd", "TS":
            flush()
            isVerbatim =
                macro.name != "Bd" || macro.arguments.contains { ["-literal", "-unfilled"].contains(plain($0)) }
            role = isVerbatim ? .preformatted : .paragraph
        case "fi", "EE", "Ve", "CE", "Ed", "TE":
            flush()
            isVerbatim = false
            role = .paragraph
        case "br": if isVerbatim || !builder.isEmpty { builder.breakLine() }
        case "B", "I", "R", "SM", "SB", "BI", "BR", "IB", "IR", "RB", "RI": readFont(macro, line)
        case "UR", "MT", "ME", "UE", "SY", "YS", "OP": readLink(macro, line)
        case "de", "de1", "am", "ig", "if", "ie", "el", "while": return endOfBlock(from: number, macro: macro)
        default: readMdoc(macro, line)
        }
        return number
    }

    private mutating func readHeading(_ macro: ManualMacro, at number: Int) -> Int {
        flush()
        (isVerbatim, entry, outerEntries, isTermExpected, mdoc) = (false, nil, [], false, mdoc.afterHeading)
        var last = number
        role = .heading(level: macro.name == "SH" || macro.name == "Sh" ? 1 : 2)
        begin(at: lines[number].lowerBound)
        // The title may stand in the next line.
        if macro.arguments.isEmpty, number + 1 < lines.count, ManualMacro(lines[number + 1], of: source) == nil {
            last = number + 1
            append(lines[last])
        }
        appendWords(macro.arguments)
        blockEnd = lines[last].upperBound
        let heading = HeadingText.normalized(builder.finished().string)
        flush()
        isInNameSection = heading == "name"
        return last
    }

    private mutating func readIndented(_ macro: ManualMacro, _ line: Range<Int>) {
        flush()
        guard let tag = macro.arguments.first, !isBullet(tag) else {
            // Without a tag, it goes on with what was said before.
            if !macro.arguments.isEmpty {
                role = .item
                entry = outerEntries.last ?? nil
            }
            return
        }
        openEntry(continuing: false)
        role = .term
        begin(at: line.lowerBound)
        append(tag)
        blockEnd = line.upperBound
        flush()
    }

    private func isBullet(_ tag: Range<Int>) -> Bool {
        let text = plain(tag)
        return text.isEmpty || ["•", "o", "*", "-", "·", "—", "+"].contains(text)
            || text.allSatisfy { $0.isNumber || ".()[]".contains($0) }
    }

    private mutating func openEntry(continuing: Bool) {
        if continuing, entry != nil, document.blocks.last?.role == .term {
            role = .term
            return
        }
        entry = document.entryParents.count
        document.entryParents.append(outerEntries.last ?? nil)
        role = .term
    }

    /// `.BR ls (1)`: words in alternating fonts, put together.
    private mutating func readFont(_ macro: ManualMacro, _ line: Range<Int>) {
        guard !macro.arguments.isEmpty else { return }
        begin(at: line.lowerBound)
        if macro.name.count == 2, macro.name != "SM", macro.name != "SB" {
            for argument in macro.arguments { append(argument) }
        } else {
            appendWords(macro.arguments)
        }
        endLine(line)
    }

    private mutating func appendWords(_ arguments: [Range<Int>]) {
        for (index, argument) in arguments.enumerated() {
            if index > 0 { builder.space(at: argument.lowerBound) }
            append(argument)
        }
    }

    private mutating func readLink(_ macro: ManualMacro, _ line: Range<Int>) {
        switch macro.name {
        case "SY", "OP":
            begin(at: line.lowerBound)
            appendWords(macro.arguments)
            endLine(line)
        case "UE", "ME":
            // What follows the link's end at once is punctuation.
            if let rest = macro.arguments.first, !builder.isEmpty {
                builder.dropPendingSpace()
                append(rest)
                endLine(line)
            }
        default: break
        }
    }

    /// The last line of a definition or a condition, which is not read.
    private func endOfBlock(from number: Int, macro: ManualMacro) -> Int {
        switch macro.name {
        case "de", "de1", "am", "ig":
            for next in lines.indices[(number + 1)...] {
                let text = SourceLines.trimmed(lines[next], in: source)
                if source[text].elementsEqual("..".utf8) { return next }
            }
            return lines.count - 1
        default:
            // `\{` opens what `\}` ends, on later lines.
            var depth = braces(lines[number])
            var last = number
            while depth > 0, last + 1 < lines.count {
                last += 1
                depth += braces(lines[last])
            }
            return last
        }
    }

    private func braces(_ line: Range<Int>) -> Int {
        let bytes = source[line]
        return zip(bytes, bytes.dropFirst()).reduce(0) { count, pair in
            guard pair.0 == UInt8(ascii: "\\") else { return count }
            return pair.1 == UInt8(ascii: "{") ? count + 1 : pair.1 == UInt8(ascii: "}") ? count - 1 : count
        }
    }

    private func plain(_ range: Range<Int>) -> String {
        var builder = MappedTextBuilder()
        TroffText.append(range, of: source, to: &builder, verbatim: false)
        return builder.finished().string
    }

    // MARK: mdoc

    private mutating func readMdoc(_ macro: ManualMacro, _ line: Range<Int>) {
        switch macro.name {
        case "Bl":
            flush()
            let kind = macro.arguments.first.map(plain) ?? ""
            mdoc.lists.append(["-tag", "-hang", "-ohang", "-inset", "-diag"].contains(kind) ? .terms : .items)
            outerEntries.append(entry)
        case "El":
            flush()
            _ = mdoc.lists.popLast()
            entry = outerEntries.popLast() ?? nil
        case "It":
            flush()
            guard mdoc.lists.last == .terms else {
                role = .item
                if !macro.arguments.isEmpty { emitMdoc(macro.arguments, line) }
                return
            }
            openEntry(continuing: false)
            emitMdoc(macro.arguments, line)
            flush()
        case "Nm" where !mdoc.name.isEmpty && (macro.arguments.isEmpty || macro.arguments.allSatisfy(isPunctuation)):
            begin(at: line.lowerBound)
            builder.append(replacement: mdoc.name.utf8, for: line.lowerBound..<line.lowerBound + 3)
            appendPunctuation(macro.arguments)
            endLine(line)
        case "Nd":
            begin(at: line.lowerBound)
            builder.append(replacement: "— ".utf8.dropLast(), for: line.lowerBound..<line.lowerBound + 3)
            builder.space(at: line.lowerBound)
            emitMdoc(macro.arguments, line)
        case "Nm": emitMdoc(macro.arguments, line)
        case let name where MdocState.isText(name):
            emitMdoc([macro.nameRange] + macro.arguments, line)
        default: break
        }
    }

    private func isPunctuation(_ range: Range<Int>) -> Bool { MdocState.isPunctuation(source[range]) }

    private mutating func appendPunctuation(_ arguments: [Range<Int>]) {
        for argument in arguments { append(argument) }
    }

    private mutating func emitMdoc(_ arguments: [Range<Int>], _ line: Range<Int>) {
        begin(at: line.lowerBound)
        MdocText.append(arguments, of: source, name: mdoc.name, to: &builder)
        endLine(line)
    }
}
