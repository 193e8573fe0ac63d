package dev.ejabberdlab.hypervisor.libvirt;

import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;

/** XML by a writer and by a parser, never by pasting strings together. */
final class Xml {

  /** One for each thread: making a parser takes longer than parsing a domain with it. */
  private static final ThreadLocal<DocumentBuilder> PARSER = ThreadLocal.withInitial(Xml::parser);

  private Xml() {}

  /** Writes elements. */
  interface Body {
    void write(Writer writer) throws XMLStreamException;
  }

  /** A writer whose attributes come with their element. */
  static final class Writer {

    private final XMLStreamWriter out;

    private Writer(XMLStreamWriter out) {
      this.out = out;
    }

    /**
     * An element with attributes and content.
     *
     * @param attributes names and values in turns; a parser makes blanks of line feeds and tabs in
     *     values
     */
    void element(String name, Body body, String... attributes) throws XMLStreamException {
      out.writeStartElement(name);
      attributes(attributes);
      body.write(this);
      out.writeEndElement();
    }

    /** An element without content. */
    void empty(String name, String... attributes) throws XMLStreamException {
      out.writeEmptyElement(name);
      attributes(attributes);
    }

    /** An empty element in a namespace of its own. */
    void emptyIn(String namespace, String prefix, String name, String... attributes)
        throws XMLStreamException {
      out.writeEmptyElement(prefix, name, namespace);
      out.writeNamespace(prefix, namespace);
      attributes(attributes);
    }

    /** An element with text. */
    void text(String name, String text, String... attributes) throws XMLStreamException {
      out.writeStartElement(name);
      attributes(attributes);
      out.writeCharacters(printable(text));
      out.writeEndElement();
    }

    private void attributes(String... attributes) throws XMLStreamException {
      for (int i = 0; i < attributes.length; i += 2) {
        out.writeAttribute(attributes[i], printable(attributes[i + 1]));
      }
    }
  }

  static String write(Body body) {
    StringWriter text = new StringWriter();
    try {
      XMLStreamWriter out = XMLOutputFactory.newDefaultFactory().createXMLStreamWriter(text);
      body.write(new Writer(out));
      out.writeEndDocument();
      out.close();
    } catch (XMLStreamException e) {
      throw new IllegalStateException("XML into memory cannot fail", e);
    }
    return text.toString();
  }

  /**
   * The text without what XML 1.0 cannot carry: carriage returns become line feeds, as every parser
   * would have it, and other characters outside XML's range become U+FFFD.
   */
  static String printable(String text) {
    StringBuilder out = new StringBuilder(text.length());
    text.replace("\r\n", "\n")
        .replace('\r', '\n')
        .codePoints()
        .map(c -> inXml(c) ? c : 0xFFFD)
        .forEach(out::appendCodePoint);
    return out.toString();
  }

  private static boolean inXml(int c) {
    return c == '\t'
        || c == '\n'
        || (c >= 0x20 && c <= 0xD7FF)
        || (c >= 0xE000 && c <= 0xFFFD)
        || (c >= 0x10000 && c <= 0x10FFFF);
  }

  /**
   * The document's root.
   *
   * @throws IllegalArgumentException when the text is not XML or has a document type
   */
  static Element parse(String xml) {
    try {
      return PARSER.get().parse(new InputSource(new StringReader(xml))).getDocumentElement();
    } catch (SAXException e) {
      throw new IllegalArgumentException("libvirt's answer is not XML: " + e.getMessage(), e);
    } catch (IOException e) {
      throw new UncheckedIOException("XML out of memory cannot fail", e);
    }
  }

  /** Empty when somebody has changed one of our objects to what no definition can say. */
  static <T> Optional<T> readable(Supplier<T> reading) {
    try {
      return Optional.of(reading.get());
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static DocumentBuilder parser() {
    try {
      DocumentBuilderFactory factory = DocumentBuilderFactory.newDefaultInstance();
      factory.setNamespaceAware(true);
      factory.setExpandEntityReferences(false);
      factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
      factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
      DocumentBuilder parser = factory.newDocumentBuilder();
      parser.setErrorHandler(null);
      return parser;
    } catch (ParserConfigurationException e) {
      throw new IllegalStateException("the JDK's own parser has these features", e);
    }
  }

  /** The child elements of that name outside any namespace. */
  static List<Element> children(Element parent, String name) {
    List<Element> found = new ArrayList<>();
    for (Node n = parent.getFirstChild(); n != null; n = n.getNextSibling()) {
      if (n instanceof Element e && e.getNamespaceURI() == null && name.equals(e.getLocalName())) {
        found.add(e);
      }
    }
    return found;
  }

  /** The first element down a path of names. */
  static Optional<Element> first(Element parent, String... path) {
    Element at = parent;
    for (String name : path) {
      List<Element> found = children(at, name);
      if (found.isEmpty()) {
        return Optional.empty();
      }
      at = found.get(0);
    }
    return Optional.of(at);
  }

  /** The text of the first element down a path; absent when there is none. */
  static Optional<String> text(Element parent, String... path) {
    return first(parent, path).map(Element::getTextContent);
  }

  /** An attribute; absent when it is not there. */
  static Optional<String> attribute(Element element, String name) {
    return element.hasAttribute(name) ? Optional.of(element.getAttribute(name)) : Optional.empty();
  }
}
